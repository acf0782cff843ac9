"""An adapter of the broker Pebble, which does not exist: it is here to be read, and to be copied."""
