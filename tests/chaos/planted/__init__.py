"""Bugs planted from outside, to prove that the suite sees them. No switch for them exists in the product."""
