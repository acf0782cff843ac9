"""The whole log on standard output, an event a line: `python -m tradewire_ledger.dump`, for who reads it offline.

The first line says where the log ends; then each line is an event as it travels, a JSON array.
"""

import asyncio
import sys
from typing import Any

import msgspec

from tradewire.errors import ConfigError, TradewireError, Unavailable
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_ledger.reader.command import opened
from tradewire_ledger.rows import event_of

_ROWS = 2_000
_EVENTS = """
select pos, stream, version, event_id, type, schema, at, time, writer, correlation_id, causation_id, data
from ledger.event order by pos
"""


async def dump(settings: Settings) -> None:
    """Writes every event, in one snapshot of the database.

    Raises:
        ConfigError: no reader_dsn is set.
        Unavailable: Postgres does not answer, or holds no log.
    """
    out, encode = sys.stdout.buffer, msgspec.json.Encoder().encode
    async with opened(settings) as store:
        connection = store.connection
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            pos: Any = await connection.fetchval("select pos from ledger.head")
            if pos is None:
                raise Unavailable("there is no log yet: nothing was ever appended")
            out.write(encode({"pos": pos}) + b"\n")
            async for row in connection.cursor(_EVENTS, prefetch=_ROWS):
                out.write(encode(event_of(row)) + b"\n")
    out.flush()


def main() -> None:
    """Exits 0 when all was written, 1 when the log cannot be read, 2 for a wrong setting."""
    try:
        asyncio.run(dump(load()))
    except TradewireError as error:
        print(f"tradewire-ledger dump: {error}", file=sys.stderr)  # noqa: T201 - a command line speaks
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:
        sys.stderr.close()  # whoever reads has enough


if __name__ == "__main__":
    main()
