"""The bare sequencer: Tradewire's shape on plain nats-py, without any domain code, and as fast as that goes.

publisher → JetStream (synced) → ingest → append → sequencer: group commit → frame on JetStream → tail in risk →
append → sequencer → … → router → append → broker call → append. Six events an order, each committed before the next
step.
The bytes on the wire are the product's own (`tradewire.messages.log`); the code that moves them is not.
"""
