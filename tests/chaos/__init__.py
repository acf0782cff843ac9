"""The fault matrix: the whole system as real processes under load, one fault at a time, and a verdict at the end.

`python -m tests.chaos` is the long form (`make chaos`); `tests/e2e/faults` runs a few rows of it in `make test`. A row
(`rows/`) is a small function that injects its fault while signals flow; `judging` decides from the log, from the read
model and from the paper broker's own journal. A row whose fault never struck has failed.
"""
