"""Tradewire: signals in, fills out, every state change on the record."""

__version__ = "0.1.0"
