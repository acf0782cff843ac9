"""The demo's market: daily closes of five US stocks, 2000 to 2013, replayed as fast as the system follows."""
