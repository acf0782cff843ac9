"""The demo: thirteen years of real prices through a strategy and the whole system, and what became of its signals."""
