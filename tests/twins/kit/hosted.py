"""A twin in a thread of this process, for programs that are not asynchronous; over real sockets all the same."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.twins.kit.remote import WAIT_SECONDS, Remote
from tests.twins.kit.server import Twin
from tests.twins.kit.venue import Venue


@contextmanager
def hosted(venue: Venue, folder: Path | None = None) -> Iterator[Remote]:
    """Serves a venue until the block ends."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    serving = threading.Event()
    twin = Twin(venue, folder)

    async def serve() -> None:
        async with twin.served():
            serving.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name=f"twin of {venue.name}")
    thread.start()
    try:
        if not serving.wait(WAIT_SECONDS):
            raise RuntimeError(f"the twin of {venue.name} does not listen")
        yield Remote(twin.url)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
