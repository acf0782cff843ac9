"""What `tradewire risk replay` reads: a file of limits, and the log, from a running system or from a data folder."""
