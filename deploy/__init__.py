"""How Tradewire is put on machines: what is generated, and the programs that generate it."""
