"""What a broker tells beside executions, what an account began with, and what people say of what differs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.integration.router.account import Account
from tests.integration.router.pit import Pit
from tests.integration.router.world import metrics
from tests.waiting import soon
from tradewire import subjects
from tradewire.domain.breaks import Breaks
from tradewire.messages import control
from tradewire.messages.control import ControlReply
from tradewire.messages.quotes import Quote, encode_quote
from tradewire_router.paper.wire import Happening

pytestmark = pytest.mark.asyncio(loop_scope="module")

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(100), "time_in_force": "gtc"}


async def happen(account: Account, kind: Any, **fields: Any) -> str:
    """Something happens to the account at its broker; amounts are texts."""
    numbers = {name: Decimal(value) for name, value in fields.items() if isinstance(value, str) and name != "symbol"}
    return await (await account.broker()).happen(Happening(kind=kind, **{**fields, **numbers}))


async def ask(pit: Pit, verb: str, *, request: str = "", **fields: Any) -> ControlReply:
    """Gives a command as a person."""
    payload = msgspec.json.encode({"request": request or uuid4().hex, **fields})
    bus = await pit.bus("person-anna")
    return control.decode_reply((await bus.request(subjects.control(verb, "anna"), payload, timeout=10)).data)


@asynccontextmanager
async def ingest(pit: Pit) -> AsyncIterator[None]:
    """An ingest that carries commands out."""
    async with pit.process("ingest", "tradewire_ingest") as started:
        await started.until_ready()
        yield


async def breaks(account: Account) -> dict[tuple[str, str], Any]:
    """What stands of the account, by kind and key, and who accepted it not."""
    made = Breaks()
    kinds = ("ReconciliationBroken", "ReconciliationMended", "BreakAccepted", "AdoptionRequested", "AccountAdopted")
    for row in await account.about(*kinds):
        made.fold(row.type, row.time, row.said)
    return {(each.found.kind, each.found.key): each for each in made.of(account.name).left()}


async def until_agreed(account: Account, pos: int) -> Any:
    """Waits for an agreement that was recorded after a position."""

    async def there() -> bool:
        return any(row.pos > pos for row in await account.about("ReconciliationMended"))

    await soon(there)
    return (await account.about("ReconciliationMended"))[-1]


async def held(pit: Pit, account: Account) -> dict[str, tuple[Decimal, Decimal]]:
    """What the read model says that is held: quantity and cost, by symbol."""
    rows = await pit.fetch("select symbol, quantity, cost from read.positions where account = $1", account.name)
    return {row["symbol"]: (Decimal(row["quantity"]), Decimal(row["cost"])) for row in rows if Decimal(row["quantity"])}


async def cash(pit: Pit, account: Account) -> Decimal:
    [row] = await pit.fetch("select cash from read.cash where account = $1", account.name)
    return Decimal(row["cash"])


async def test_what_a_broker_tells_beside_executions_is_booked_and_nothing_differs(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await happen(account, "dividend", amount="12.5", symbol=account.symbol)
        await happen(account, "fee", amount="-0.75")
        await happen(account, "split", symbol=account.symbol, ratio="3")
        [split] = await account.until_said("CorporateAction")
        await account.until(await account.place(side="sell", quantity=Decimal(11)), "OrderFilled")
        await happen(account, "interest", amount="0.01")
        moved = await account.until_said("CashMoved", 4)
    assert [(said.reason, said.amount) for said in moved[1:]] == [
        ("dividend", Decimal("12.5")),
        ("fee", Decimal("-0.75")),
        ("interest", Decimal("0.01")),
    ]
    assert len({said.activity for said in moved[1:]}) == 3
    assert (split.ratio, split.kind, split.symbol) == (3, "split", account.symbol)
    quantity, cost = (await held(pit, account))[account.symbol]
    assert quantity == 19
    assert cost.quantize(Decimal("1E-9")) == (Decimal(19_000) / 30).quantize(Decimal("1E-9"))
    async with account.router():  # from the cursor, and not once more
        await account.until(await account.place(), "OrderFilled")
    assert len(await account.said("CashMoved", "CorporateAction")) == 5
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_split_that_is_told_after_a_sale_leaves_what_the_broker_has(pit: Pit) -> None:
    account = pit.account()
    async with account.router(reconcile_interval="2s"):
        await account.until(await account.place(), "OrderFilled")
        await happen(account, "split", symbol=account.symbol, ratio="3")
        await account.until(await account.place(side="sell", quantity=Decimal(11)), "OrderFilled")
        [split] = await account.until_said("CorporateAction")
    assert split.ratio == 3
    assert (await held(pit, account))[account.symbol][0] == 19
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_a_split_ends_what_works_and_what_happened_while_away_is_booked_in_its_order(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
        await pit.quote(account.symbol, "101")
        resting = await account.place(**RESTING)
        await account.until(resting, "OrderAccepted")
    await account.trade_past_the_router("5", limit_price=Decimal(101), order_type="limit")
    await happen(account, "split", symbol=account.symbol, ratio="2")
    await account.trade_past_the_router("1", limit_price=Decimal(101), order_type="limit")
    async with account.router():
        await account.until(resting, "OrderCanceled")
        await account.until_said("CorporateAction")
    kinds = [row.type for row in await account.about("ExternalFillBooked", "CorporateAction")]
    assert kinds == ["ExternalFillBooked", "CorporateAction", "ExternalFillBooked"]
    assert (await account.said("CorporateAction"))[0].quantity == 0
    assert (await held(pit, account))[account.symbol][0] == 31
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_an_account_is_adopted_with_what_it_holds_at_its_cost(pit: Pit) -> None:
    account = pit.account()
    await happen(account, "transfer", symbol="OLD", quantity="7", price="300", told=False)
    await happen(account, "transfer", symbol="OLDER", quantity="3", price="50", told=False)
    await pit.quote("OLD", "310")
    await account.trade_past_the_router(
        "2", symbol="OLD", order_type="limit", limit_price=Decimal(1), time_in_force="gtc"
    )
    async with ingest(pit), account.router() as router:
        await account.until_said("ReconciliationBroken")
        assert (await account.until_said("Halted"))[0].level == "REDUCE_ONLY"
        assert {kind for kind, _ in await breaks(account)} == {"position"}
        open_breaks = f'tradewire_router_open_breaks{{account="{account.name}",kind="position"}}'

        async def shown() -> bool:
            return metrics(router)[open_breaks] == 2

        await soon(shown)
        reply = await ask(pit, "adopt", account=account.name, reason="they were there")
        assert reply.ok, reply
        [adopted] = await account.until_said("AccountAdopted")
        await until_agreed(account, reply.positions[0])
        assert metrics(router)[open_breaks] == 0
        again = await ask(pit, "adopt", account=account.name, reason="once more")
    assert (again.ok, again.code) == (False, "ALREADY_OPENED")
    assert (adopted.by, adopted.positions, adopted.currencies, len(adopted.orders)) == ("person:anna", 2, 0, 1)
    old, older = await account.said("PositionAdjusted")
    assert (old.symbol, old.quantity, old.price, old.mark, old.by) == ("OLD", 7, 300, 310, "person:anna")
    assert (older.symbol, older.price, older.mark, older.why) == ("OLDER", 50, None, "they were there")
    assert await held(pit, account) == {"OLD": (Decimal(7), Decimal(2100)), "OLDER": (Decimal(3), Decimal(150))}
    assert await breaks(account) == {}
    await pit.assert_clean()


async def test_a_difference_that_a_person_accepts_is_booked_and_lets_the_account_trade_again(pit: Pit) -> None:
    account = pit.account()
    async with ingest(pit), account.router(reconcile_interval="60s"):
        await account.until(await account.place(), "OrderFilled")
    await happen(account, "withdrawal", amount="-700", told=False)
    await happen(account, "transfer", symbol=account.symbol, quantity="-4", price="100", told=False)
    async with ingest(pit), account.router(reconcile_interval="60s"):
        [broken] = await account.until_said("ReconciliationBroken")
        assert broken.prices == {account.symbol: Decimal(100)}
        found = await breaks(account)
        lost, moved = found["position", account.symbol], found["cash", "USD"]
        await account.resume()
        first = await ask(pit, "accept", difference=moved.id[:8], reason="rent")
        assert first.ok, first
        assert (await breaks(account)).keys() == {("position", account.symbol)}
        second = await ask(pit, "accept", difference=lost.id, reason="given away", price="120")
        assert second.ok, second
        mended = await until_agreed(account, second.positions[0])
        assert mended.said.occasion == "command"
        twice = await ask(pit, "accept", difference=lost.id, reason="again")
        await account.until(await account.place(), "OrderFilled")
    assert (twice.code, "was accepted by person:anna: given away" in twice.message) == ("NO_BREAK", True)
    assert len(await account.said("Halted")) == 1
    [rent] = [said for said in await account.said("CashMoved") if said.by]
    assert (rent.amount, rent.reason, rent.by, rent.why) == (-700, "accepted", "person:anna", "rent")
    [gone] = await account.said("PositionAdjusted")
    assert (gone.quantity, gone.price, gone.why) == (-4, 120, "given away")
    assert (await held(pit, account))[account.symbol][0] == 16
    assert await cash(pit, account) == 100_000 - 1000 - 700 - 1000
    await pit.assert_clean()


async def test_an_order_that_stays_unknown_is_ended_by_a_person_and_its_symbol_trades_again(pit: Pit) -> None:
    account = pit.account()
    async with ingest(pit), account.router(absence_grace="120s"):
        await account.fault("place_late", delay_ms=600_000)
        order = await account.place()
        await account.until(order, "OrderSubmitUnknown")
        waiting = await account.place()
        early = await ask(pit, "resolve", order=waiting, outcome="canceled", evidence="x")
        said = {"order": order, "outcome": "canceled", "evidence": "their desk on the phone"}
        reply = await ask(pit, "resolve", request="r-resolve", **said)
        again = await ask(pit, "resolve", request="r-resolve", **said)
        other = await ask(pit, "resolve", **said)
        await account.until(waiting, "OrderFilled")
        filled = await ask(pit, "resolve", order=waiting, outcome="canceled", evidence="x")
    assert (early.ok, early.code) == (False, "NOT_UNKNOWN")
    assert (reply.ok, again.ok, len(reply.positions)) == (True, True, 2)
    assert (other.code, filled.code) == ("ALREADY_TERMINAL", "ALREADY_TERMINAL")
    assert (await account.story(order))[-2:] == ["OrderResolved", "OrderCanceled"]
    [end] = [row for row in await account.rows_of(order) if row.type == "OrderCanceled"]
    assert (end.writer, end.said.evidence) == ("ingest", "person:anna: their desk on the phone")
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()
    await pit.kill("paper")
    await pit.start("paper")


async def test_a_fill_that_only_a_person_knows_moves_position_and_cash(pit: Pit) -> None:
    account = pit.account()
    async with ingest(pit), account.router(absence_grace="120s"):
        await account.fault("place_late", delay_ms=600_000)
        order = await account.place(**RESTING)
        await account.until(order, "OrderSubmitUnknown")
        await happen(account, "transfer", symbol=account.symbol, quantity="10", price="99.5", told=False)
        await happen(account, "withdrawal", amount="-995.25", told=False)
        reply = await ask(pit, "resolve", order=order, outcome="filled", evidence="its page", price="99.5", fee="0.25")
        assert reply.ok, reply
        await account.until(order, "OrderResolved", "OrderFilled")

        async def agreed() -> bool:
            return not await breaks(account)

        await soon(agreed)
    assert await held(pit, account) == {account.symbol: (Decimal(10), Decimal(995))}
    assert await cash(pit, account) == Decimal("99004.75")
    await pit.assert_clean()
    await pit.kill("paper")
    await pit.start("paper")


async def test_an_external_order_is_seen_and_its_end_too(pit: Pit) -> None:
    account = pit.account()
    async with account.router():
        await pit.quote(account.symbol, "101")
        await account.trade_past_the_router("2", **RESTING)
        [seen] = await account.until_said("ExternalOrderSeen")
    async with account.router():
        await pit.quote(account.symbol, "99")
        [ended] = await account.until_said("ExternalOrderEnded")
        await account.until_said("ExternalFillBooked")
    assert ended.broker_order_id == seen.broker_order_id
    assert len(await account.said("ExternalOrderSeen")) == 1
    assert await account.said("ReconciliationBroken") == []
    await pit.assert_clean()


async def test_the_first_comparison_after_a_days_end_names_the_day_and_no_other_does(pit: Pit) -> None:
    account = pit.account()
    before = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    async with account.router():
        await account.until_said("ReconciliationMended")
    async with account.router():
        await account.until(await account.place(), "OrderFilled")
    named = [(said.occasion, said.day) for said in await account.said("ReconciliationMended") if said.day]
    assert named in ([("start", before)], [("start", before), ("end_of_day", datetime.now(UTC).date().isoformat())])
    await pit.assert_clean()


async def test_a_trading_day_that_ends_is_compared_and_named_with_what_stands(pit: Pit) -> None:
    """The clock of quotes goes from one day into the next."""
    account = pit.account()
    feed = await pit.bus("feed")
    begin = datetime(2031, 3, 10, 20, 59, tzinfo=UTC)

    async def tick(at: datetime) -> None:
        quote = Quote(account.symbol, int(at.timestamp() * 1_000_000), last=Decimal(100))
        await feed.publish(subjects.quotes("sim", account.symbol), encode_quote(quote))

    async def named(day: str) -> list[Any]:
        rows = await account.about("ReconciliationMended", "ReconciliationBroken")
        return [row for row in rows if row.said.day == day]

    quotes = {"TRADEWIRE_CLOCK": "quotes"}
    async with account.router(quotes, ready=False, reconcile_interval="300s") as router:

        async def ticked() -> bool:
            await tick(begin)
            return bool(await named("2031-03-09"))

        await soon(ticked)
        await router.until_ready()
        await tick(begin + timedelta(hours=4))  # over midnight, where the account's day rolls

        async def ended() -> bool:
            return bool(await named("2031-03-10"))

        await soon(ended)
        [row] = await named("2031-03-10")
        assert (row.type, row.said.occasion) == ("ReconciliationMended", "end_of_day")
        await happen(account, "fee", amount="-5", told=False)
        await tick(begin + timedelta(days=1, hours=4))

        async def broken() -> bool:
            return bool(await named("2031-03-11"))

        await soon(broken)
        [row] = await named("2031-03-11")
        assert (row.type, row.said.occasion) == ("ReconciliationBroken", "end_of_day")
        await tick(begin + timedelta(days=2, hours=4))

        async def still() -> bool:
            return bool(await named("2031-03-12"))

        await soon(still)
        [row] = await named("2031-03-12")
    assert row.type == "ReconciliationBroken"
    assert len(await account.said("Halted")) == 1
