"""Faults of risk and the router: death at the boundaries of what they append and what they send."""

import asyncio

from tests.chaos.load import probes
from tests.chaos.run import Run
from tradewire.runtime.tasks import end_tasks

RISK_POINTS = ("risk.before_decide", "risk.before_append", "risk.after_append")
BEFORE_SEND = ("router.before_append", "router.after_append", "router.after_submit_started")
AFTER_SEND = ("router.after_submit", "router.before_facts")
_REST_SECONDS = 0.1


async def risk_dies(run: Run) -> None:
    """Risk is killed before it decides, before its append or after it; the same decision is made once."""
    await run.dies_at("risk", RISK_POINTS[run.seed % len(RISK_POINTS)], most=10)


async def router_dies_before_the_send(run: Run) -> None:
    """The router is killed around its OrderSubmitStarted and before the broker is called."""
    await run.dies_at("router", BEFORE_SEND[run.seed % len(BEFORE_SEND)])


async def router_dies_after_the_send(run: Run) -> None:
    """The router is killed when the broker has the order and the log does not say so.

    Many of these orders only work there: what was filled meanwhile, the next comparison of executions would tell.
    """
    await run.armed("router", AFTER_SEND[run.seed % len(AFTER_SEND)], run.random.randint(1, 30))
    async with run.load():
        resting = asyncio.create_task(_rest(run))
        await run.until_struck()
        await end_tasks(resting)


async def _rest(run: Run) -> None:
    """Keeps publishing orders that fill nowhere."""
    number = 0
    while True:
        await run.extra(probes(f"{run.prefix}-rest{number}"))
        await asyncio.sleep(_REST_SECONDS)
        number += 1
