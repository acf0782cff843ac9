"""The invariants of the log (DESIGN §7), asserted over its events alone, offline, in one pass."""
