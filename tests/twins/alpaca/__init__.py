"""The Alpaca twin: trading REST v2, `trade_updates`, market-data REST and streams, as Alpaca's documents describe them.

`python -m tests.twins.alpaca --data DIR [--port N]` runs it; `prove` drives it with the vendor's client alone.
"""
