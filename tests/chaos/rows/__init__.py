"""The rows of the fault matrix, by what the fault befalls. `tests.chaos.matrix` is the table of them all."""
