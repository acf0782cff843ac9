"""Faults of the doors: ingest dies, a publisher dies, two ingests, poison."""

from tests.chaos.run import Run

POINTS = ("ingest.before_append", "ingest.after_append", "ingest.before_ack")


async def dies(run: Run) -> None:
    """Ingest is killed before its append, after it, or before the acknowledgement; every third time the publisher is.

    Whoever got no acknowledgement sends the same id again.
    """
    turn = run.seed % (len(POINTS) + 1)
    if turn < len(POINTS):
        await run.dies_at("ingest", POINTS[turn])
        return
    async with run.load():
        for _ in range(3):
            await run.pause(0.2, 0.6)
            await run.publisher.die()
            run.hit()
