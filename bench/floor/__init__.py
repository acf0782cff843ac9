"""The floors: what NATS, Postgres and Python cost by themselves, without any domain code."""
