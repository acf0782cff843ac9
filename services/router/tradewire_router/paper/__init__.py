"""The paper broker: a broker that fills orders from quotes, in a process of its own that outlives the router.

Its journal is the truth: state is rebuilt from it, events are read from it, and `judge.py` checks it with nothing but
the standard library.
"""
