"""Brokers: one port (`port.py`), an adapter a file. A broker's SDK is imported only when an account uses it."""
