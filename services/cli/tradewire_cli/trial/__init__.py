"""`tradewire broker test`: one order is sent, seen and canceled at a broker, through the running system."""
