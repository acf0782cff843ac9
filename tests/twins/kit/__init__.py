"""What every twin shares and no broker is named in: the server, the fault menu, the journal and the kept state."""
