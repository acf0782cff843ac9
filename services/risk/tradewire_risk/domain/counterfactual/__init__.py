"""The log as it would have been under other limits: recorded decisions made again, and what follows from them."""
