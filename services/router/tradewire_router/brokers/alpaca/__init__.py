"""Alpaca behind the port, through its own client library. Nothing outside of this package knows of it."""
