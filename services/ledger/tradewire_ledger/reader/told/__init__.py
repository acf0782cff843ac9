"""What the reader tells Prometheus in the name of the log and of the engines; nothing of it is on an order's way."""
