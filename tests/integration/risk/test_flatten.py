"""A wish to close an account, carried out by a risk process that dies in between."""

from decimal import Decimal

from tests.integration.risk.floor import Floor
from tests.waiting import soon
from tradewire import ids
from tradewire.messages.broker_events import ExternalFillBooked

PACE = {
    "TRADEWIRE_RISK_MAX_ORDERS_PER_SECOND": "1",
    "TRADEWIRE_RISK_MAX_ORDERS_PER_MINUTE": "1",
    "TRADEWIRE_RISK_MAX_ORDERS_PER_DAY": "1",
    "TRADEWIRE_PAPER_PRICE_FROM_SIGNAL": "false",
}


async def hold(floor: Floor, symbol: str, quantity: int) -> None:
    """Executions at the broker that nobody of ours asked for."""
    data = ExternalFillBooked(
        account="paper",
        broker="paper",
        broker_order_id="b",
        symbol=symbol,
        side="buy",
        quantity=Decimal(quantity),
        price=Decimal(10),
        execution=symbol,
    )
    await floor.as_router("account-paper", None, data)


async def test_a_wish_goes_on_after_a_kill_with_what_was_held_when_it_came(floor: Floor) -> None:
    symbols = [f"S{n}" for n in range(8)]
    for symbol in symbols:
        await hold(floor, symbol, 3)
    async with floor.risk(PACE) as risk:
        wish = await floor.wish("f-1")

        async def denied() -> bool:
            return len(await floor.said("OrderDenied")) >= len(symbols)

        await soon(denied)
        await hold(floor, "TSLA", 5)
        await risk.kill()
    await floor.release(risk)
    floor.prices = dict.fromkeys([*symbols, "TSLA"], "10")
    await floor.feed()
    async with floor.risk(PACE):

        async def approved() -> bool:
            return len(await floor.said("OrderApproved")) >= len(symbols)

        await soon(approved)
    assert {each.reason for each in await floor.said("OrderDenied")} == {"PRICE_MISSING"}
    assert sorted(each.symbol for each in await floor.said("OrderApproved")) == symbols
    asked = await floor.said("OrderRequested")
    assert all(each.symbol in symbols for each in asked)
    for symbol in symbols:
        signals = [each.signal for each in asked if each.symbol == symbol]
        assert signals == [ids.derive("flatten", wish, symbol, str(n + 1)) for n in range(len(signals))]
    await floor.assert_clean()
