"""A twin of Pebble: a model of the broker, on the kit of the repository's twins, and the bench that the suite uses.

It imports nothing of the adapter, so that neither can hide a fault of the other.
"""
