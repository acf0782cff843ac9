"""The faults of a broker at Alpaca: the vendor's client against its twin, whose menu does what goes wrong."""
