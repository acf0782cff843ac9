"""What the doctor looks at beside the broker: the running system, and whether the exchange is open."""
