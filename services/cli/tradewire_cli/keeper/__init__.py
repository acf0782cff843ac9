"""An engine as the one process of a container: it is configured, watched, reloaded, and stopped in order."""
