"""What became of a signal as traces: ids that derive from the log, and spans that are made of it."""
