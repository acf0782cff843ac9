"""What the broker says of money, symbols and prices of the past, asked by the router and told to the log."""
