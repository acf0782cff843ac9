"""Prices that the account's broker tells: passed on as quotes while they are new, and kept as bars."""
