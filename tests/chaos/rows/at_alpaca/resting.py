"""Orders of a run that rest at the twin, where its people may do with them what they like."""

from decimal import Decimal
from typing import Any

from tests.chaos.load import PROBE_LIMIT, STRATEGIES, SYMBOLS, Script, probes
from tests.chaos.run import Run

QUANTITY = 9
WORKING = frozenset({"new", "partially_filled"})


async def rest(run: Run, name: str = "rest", least: int = 2) -> list[dict[str, Any]]:
    """Has an order of QUANTITY rest in each symbol, and returns those that do; the load may cancel some of them."""
    before = {order["id"] for order in resting(await run.system.twin.ledger())}
    found: list[dict[str, Any]] = []

    def enough(ledger: dict[str, Any]) -> bool:
        found[:] = [order for order in resting(ledger) if order["id"] not in before]
        return len(found) >= least

    await run.extra(probes(f"{run.prefix}-{name}", quantity=str(QUANTITY)))
    try:
        await run.system.twin.until(enough, "orders rest at the broker", 5.0)
    except AssertionError:
        await run.extra(probes(f"{run.prefix}-{name}-again", quantity=str(QUANTITY)))
        await run.system.twin.until(enough, "orders rest at the broker")
    run.random.shuffle(found)
    return found


def resting(ledger: dict[str, Any]) -> list[dict[str, Any]]:
    """The orders that nothing fills by itself."""
    limit = Decimal(PROBE_LIMIT)
    return [
        order
        for order in ledger["orders"]
        if order["status"] in WORKING and order["limit_price"] is not None and Decimal(order["limit_price"]) == limit
    ]


async def fill(run: Run, order: dict[str, Any], quantity: object = None) -> str:
    """The venue fills an order, all of it unless something else is said; returns the execution's id."""
    more = {} if quantity is None else {"qty": str(quantity)}
    done = await run.system.twin.do("fill", order=order["id"], price=PROBE_LIMIT, **more)
    return str(done["execution"])


async def state_of(run: Run, order: dict[str, Any]) -> str:
    """What the venue says of an order now."""
    ledger = await run.system.twin.ledger()
    return next(str(each["status"]) for each in ledger["orders"] if each["id"] == order["id"])


def cancels(run: Run, name: str) -> list[Script]:
    """A cancel of everything in each symbol, by the strategy whose orders rest."""
    fields = {"action": "cancel"}
    return [Script(f"{run.prefix}-{name}-{symbol}", STRATEGIES[0], {"symbol": symbol, **fields}) for symbol in SYMBOLS]
