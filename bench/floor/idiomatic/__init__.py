"""The idiomatic floor: what nats-py's documentation leads to. Six messages published and nine delivered an order.

publisher → risk → route → router (three messages) → ledger, which hears all six and writes a row for each. Every hop
publishes asynchronously, waits for its PubAcks, and only then acknowledges what it consumed, one message at a time.
"""
