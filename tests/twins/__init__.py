"""Protocol twins: local servers that speak a broker's wire protocol, so that the broker's own client runs against them.

A twin imports nothing of the product: what it says is checked with the vendor's client alone before anything else
uses it.
"""
