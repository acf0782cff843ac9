"""How things look on a terminal, and as JSON. Pure: data in, something to print out."""
