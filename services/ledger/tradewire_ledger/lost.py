"""What says that a connection to Postgres, or what was done on it, cannot be trusted any more."""

import asyncpg

# The driver raises InternalClientError when a connection breaks in the middle of a call.
LOST = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
