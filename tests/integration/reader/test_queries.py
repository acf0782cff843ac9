"""Every question has an answer of its kind, pages fit into a message, and a bad question is told what is wrong."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio

from tests.builders import TIME
from tests.integration.reader.bench import Asker, Log
from tests.processes import child
from tests.unit.reader.bad_queries import BAD, NOT_JSON
from tests.unit.reader.histories import History, Script
from tradewire import ids
from tradewire.domain.account_book import book_equity
from tradewire.messages import account_events as a
from tradewire.messages import answers, queries
from tradewire.messages import order_events as o
from tradewire.messages.broker_events import ExternalFillBooked
from tradewire.messages.log import Frame
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.migrate import migrate

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asked() -> AsyncIterator["Scene"]:
    """A reader at the end of a played log, and who asks it: one for all tests here, which only add to the log."""
    with reachable_folder() as folder:
        async with running_engines(folder) as engines:
            migrate(Settings(postgres=Postgres(admin_dsn=engines.dsn("tradewire_admin"))))
            log, asker = await Log.open(engines), await Asker.open(engines)
            async with child("tradewire_ledger.reader", engines, "reader", folder) as reader:
                await reader.until_ready()
                history = History(1)
                history.begin()
                history.play(120)
                scene = Scene(engines, log, asker, history)
                await scene.written()
                yield scene
                assert await reader.stop() == 0
            await asker.bus.close()
            await log.close()


class Scene:
    """A log with a reader beside it."""

    def __init__(self, engines: Engines, log: Log, asker: Asker, history: History) -> None:
        self.engines, self.log, self.asker, self.history = engines, log, asker, history

    async def written(self) -> int:
        pos = await self.log.write(self.history, events_each=50)
        await self.asker.until(pos)
        return pos

    async def pages(self, kind: type[Any], what: str, rows: str, **fields: Any) -> list[list[Any]]:
        """All pages of a listing."""
        pages: list[list[Any]] = []
        cursor = ""
        while True:
            page = await self.asker.ask(kind, what, **fields, cursor=cursor)
            pages.append(list(getattr(page, rows)))
            cursor = page.cursor
            if not cursor:
                return pages


async def test_orders_are_all_listed_once_newest_first_whatever_the_page(asked: Scene) -> None:
    naive = asked.log.naive()
    expected = sorted(naive.orders.values(), key=lambda order: (order.requested_at, order.order), reverse=True)
    for limit in (7, 100, 1000):
        pages = await asked.pages(answers.OrdersPage, "orders", "orders", limit=limit)
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert [order for page in pages for order in page] == expected


async def test_orders_are_filtered(asked: Scene) -> None:
    everything = list(asked.log.naive().orders.values())
    middle = sorted(order.requested_at for order in everything)[60]
    for fields, fits in (
        ({"open": True}, lambda order: order.open),
        ({"open": False}, lambda order: not order.open),
        ({"account": "live"}, lambda order: order.account == "live"),
        ({"symbol": "BRK.B"}, lambda order: order.symbol == "BRK.B"),
        ({"status": "denied"}, lambda order: order.status == "denied"),
        ({"strategy": "momo", "symbol": "AAPL"}, lambda order: order.symbol == "AAPL"),
        ({"strategy": "other"}, lambda order: False),
        ({"since": middle}, lambda order: order.requested_at >= middle),
        ({"since": middle, "open": True, "account": "paper"}, None),
    ):
        page = await asked.asker.ask(answers.OrdersPage, "orders", limit=1000, **fields)
        if fits is None:
            assert all(order.open and order.account == "paper" for order in page.orders)
            continue
        assert {order.order for order in page.orders} == {order.order for order in everything if fits(order)}


async def test_instruments_are_found_by_symbol_name_and_what_sources_call_them(asked: Scene) -> None:
    async def found(**fields: Any) -> list[tuple[str, str]]:
        pages = await asked.pages(answers.InstrumentsPage, "instruments", "instruments", **fields)
        return [(each.rules.account, each.rules.symbol) for page in pages for each in page]

    def tell(symbol: str, account: str = "paper", **fields: Any) -> None:
        given = {"at": TIME, "asset_class": "equity", "currency": "USD", "tick": 1, "step": 1, "min_quantity": 1}
        rules = a.InstrumentReported(account=account, broker=account, symbol=symbol, **{**given, **fields})
        asked.history.add(f"account-{account}", rules)

    tell("AAPL", name="Old name")
    tell("AAPL", name="Apple Inc.")
    tell("BTC/USDT", asset_class="crypto")
    tell("AAPL", account="live")
    tell("PINE", account="live", name="Alpine Income")
    await asked.written()
    everything = [("live", "AAPL"), ("live", "PINE"), ("paper", "AAPL"), ("paper", "BTC/USDT")]
    assert await found() == await found(limit=1) == await found(limit=3) == everything
    assert await found(account="paper") == everything[2:]
    assert await found(text="aapl") == [("live", "AAPL"), ("paper", "AAPL")]
    assert await found(text="apple") == [("paper", "AAPL")]
    assert await found(text="old name") == []
    assert await found(text="pine") == [("live", "PINE")]
    assert await found(text="btcusdt") == [("paper", "BTC/USDT")]
    page = await asked.asker.ask(answers.InstrumentsPage, "instruments", text="BTCUSDT")
    (pair,) = page.instruments
    assert pair.aliases["tradingview"] == ("BTCUSDT",)
    assert pair.rules.asset_class == "crypto"


async def test_one_order_is_found_by_id_by_its_beginning_and_by_its_signal(asked: Scene) -> None:
    script = asked.history.order("mine-2026-01-05").work()
    script.fill(0, "10", "100")
    pos = await asked.written()
    stories = [
        await asked.asker.ask(answers.OrderStory, "order", id=name)
        for name in (script.id, script.id[:13], script.id.replace("-", "")[:12], script.signal, script.name)
    ]
    assert all(story == stories[0] for story in stories)
    story = stories[0]
    assert (story.pos, story.order.order, story.order.status) == (pos, script.id, "filled")
    assert [event.type for event in story.events] == [
        "SignalReceived",
        "OrderRequested",
        "OrderApproved",
        "OrderSubmitStarted",
        "OrderAccepted",
        "OrderFilled",
    ]
    received, requested = story.events[:2]
    assert (received.account, received.order, received.signal) == (None, None, script.signal)
    assert (requested.account, requested.order, requested.signal) == ("paper", script.id, script.signal)
    stored = {event.pos: event for frame in asked.log.frames for event in frame.events}
    assert [bytes(event.data) for event in story.events] == [bytes(stored[event.pos].data) for event in story.events]
    assert requested.time.startswith("2023-11-14T22:13:20.")
    later = await asked.asker.ask(answers.OrderStory, "order", id=script.id, after=story.events[2].pos)
    assert later.events == story.events[3:]


async def test_an_order_is_found_by_a_signal_id_of_any_length(asked: Scene) -> None:
    scripts = {name: asked.history.order(name) for name in ("7", "abc", "cafe", "Momo:2026.1")}
    await asked.written()
    for name, script in scripts.items():
        assert (await asked.asker.ask(answers.OrderStory, "order", id=name)).order.order == script.id


async def test_an_order_that_is_not_named_clearly_is_not_guessed(asked: Scene) -> None:
    first, second = asked.history.order("twice"), asked.history.order("twice", account="live")
    named_like_another = asked.history.order(first.id[:8])
    await asked.written()
    refused = await asked.asker.refused("order", id="twice")
    assert (refused.code, refused.field) == ("AMBIGUOUS_ORDER", "id")
    assert first.id in refused.expected
    assert second.id in refused.expected
    refused = await asked.asker.refused("order", id=first.id[:8])
    assert refused.code == "AMBIGUOUS_ORDER"
    assert f"{first.id} (buy AAPL in paper, signal twice of " in refused.expected
    assert named_like_another.id in refused.expected
    for unknown in ("nobody-called-it-so", "0" * 36, ids.derive("x"), "ffffffff"):
        assert (await asked.asker.refused("order", id=unknown)).code == "UNKNOWN_ORDER"


async def test_fills_are_listed_with_what_took_their_place(asked: Scene) -> None:
    script = asked.history.order("corrected").work()
    script.fill(0, "5", "100")
    script.correct(0, "4", "101")
    script.fill(1, "1", "102")
    script.bust(1)
    await asked.written()
    page = await asked.asker.ask(answers.FillsPage, "fills", order=script.id)
    bust, filled, correction, first = page.fills
    assert [fill.event for fill in page.fills] == ["bust", "fill", "correction", "fill"]
    assert (first.superseded_by, correction.superseded_by) == (correction.pos, None)
    assert (filled.superseded_by, bust.superseded_by) == (bust.pos, None)
    assert (correction.quantity, correction.price, correction.revision) == (Decimal(4), Decimal(101), 1)
    effective = await asked.asker.ask(answers.FillsPage, "fills", order=script.id, effective=True)
    assert effective.fills == (correction,)
    everything = await asked.pages(answers.FillsPage, "fills", "fills", limit=9)
    assert len(everything) > 3
    positions = [fill.pos for page_ in everything for fill in page_]
    assert len(set(positions)) == len(positions)
    assert positions == sorted(positions, reverse=True)
    only = await asked.asker.ask(answers.FillsPage, "fills", symbol="BTC/USD", account="paper", limit=1000)
    assert {(fill.symbol, fill.account) for fill in only.fills} == {("BTC/USD", "paper")}


async def test_external_fills_have_no_order(asked: Scene) -> None:
    data = ExternalFillBooked(
        account="paper",
        broker="paper",
        broker_order_id="X",
        symbol="TSLA",
        side="buy",
        quantity=Decimal(3),
        price=Decimal(7),
        execution="ext-1",
    )
    asked.history.add("account-paper", data)
    await asked.written()
    [fill] = (await asked.asker.ask(answers.FillsPage, "fills", strategy=queries.EXTERNAL)).fills
    assert (fill.event, fill.order, fill.execution) == ("external", None, "ext-1")


async def test_positions_are_valued_at_the_last_mark_or_at_the_prices_given(asked: Scene) -> None:
    books = asked.log.naive().books
    page = await asked.asker.ask(answers.PositionsPage, "positions")
    assert {(row.account, row.symbol): row.quantity for row in page.positions} == {
        (account, p.symbol): p.quantity
        for account, book in books.items()
        for p in book.positions.values()
        if p.quantity
    }
    for row in page.positions:
        mark = books[row.account].marks[row.symbol]
        assert (row.price, row.priced_at, row.value) == (mark.price, mark.at, row.quantity * mark.price)
        assert row.unrealized == row.quantity * mark.price - row.cost
    chosen = page.positions[0]
    [valued] = (
        await asked.asker.ask(
            answers.PositionsPage,
            "positions",
            account=chosen.account,
            symbol=chosen.symbol,
            prices={chosen.symbol: "123.45"},
        )
    ).positions
    assert (valued.price, valued.priced_at) == (Decimal("123.45"), None)
    assert valued.unrealized == chosen.quantity * Decimal("123.45") - chosen.cost


async def test_accounts_tell_cash_equity_and_the_day(asked: Scene) -> None:
    books = asked.log.naive().books
    page = await asked.asker.ask(answers.AccountsPage, "accounts")
    assert [row.account for row in page.accounts] == ["live", "paper"]
    for row in page.accounts:
        book = books[row.account]
        assert (row.equity, row.day, row.problem) == (book_equity(book), book.day, "")
        assert {cash.currency: cash.cash for cash in row.cash} == {c: b.cash for c, b in book.balances.items()}
    [only] = (await asked.asker.ask(answers.AccountsPage, "accounts", account="live")).accounts
    assert only == page.accounts[0]


async def test_an_account_without_a_mark_says_so_instead_of_a_number(asked: Scene) -> None:
    data = a.CashMoved(account="third", amount=Decimal(5), currency="EUR", reason="deposit")
    asked.history.add("account-third", data)
    await asked.written()
    [row] = (await asked.asker.ask(answers.AccountsPage, "accounts", account="third")).accounts
    assert (row.equity, row.day_result) == (None, None)
    assert "EUR/USD has no mark" in row.problem


async def walked(scene: Scene, **fields: Any) -> list[answers.PublicEvent]:
    """Every event of a search, page by page."""
    found: list[answers.PublicEvent] = []
    while True:
        page = await scene.asker.ask(answers.EventsPage, "events", **fields)
        found += page.events
        if not page.more:
            return found
        fields["before" if fields.get("backward") else "after"] = page.next


async def test_events_are_walked_forwards_and_backwards(asked: Scene) -> None:
    stored = [event for frame in asked.log.frames for event in frame.events]
    for limit in (33, 1000):
        forwards = await walked(asked, limit=limit)
        assert [(e.pos, e.type, e.stream) for e in forwards] == [(e.pos, e.type, e.stream) for e in stored]
        backwards = await walked(asked, limit=limit, backward=True)
        assert backwards == forwards[::-1]
    between = await walked(asked, after=10, before=21, limit=4)
    assert [event.pos for event in between] == list(range(11, 21))
    assert [event.pos for event in await walked(asked, after=10, before=21, limit=4, backward=True)] == [
        *range(20, 10, -1)
    ]


async def test_events_are_filtered(asked: Scene) -> None:
    orders = {order.order: order for order in asked.log.naive().orders.values()}
    everything = await walked(asked, limit=1000)
    for event in everything:
        if event.order:
            assert event.account == orders[event.order].account
    live = await walked(asked, account="live", limit=50)
    assert live == [event for event in everything if event.account == "live"]
    assert live == (await walked(asked, account="live", limit=50, backward=True))[::-1]
    denied = await walked(asked, type="OrderDenied", limit=2)
    assert denied == [event for event in everything if event.type == "OrderDenied"]
    momo = await walked(asked, strategy="momo", limit=100)
    assert {event.type for event in momo} >= {"SignalReceived", "OrderDenied", "OrderFilled"}
    assert len(momo) == sum(event.stream.startswith(("order-", "signal-")) for event in everything)
    one = everything[-1].stream if everything[-1].order else next(e.stream for e in everything[::-1] if e.order)
    assert await walked(asked, order=one.removeprefix("order-"), limit=2) == [e for e in everything if e.stream == one]
    control = await walked(asked, stream="control-symbol.MSFT", limit=1, backward=True)
    assert [event.type for event in control] == ["Resumed", "Halted"]


async def test_frames_are_given_as_they_were_published(asked: Scene) -> None:
    got: list[Frame] = []
    after = 0
    while True:
        page = await asked.asker.ask(answers.FramesPage, "frames", after=after, limit=5)
        got += page.frames
        if not page.more:
            break
        after = got[-1].frame
    assert [(f.frame, f.first_pos, f.last_pos, f.hash, f.events) for f in got] == [
        (f.frame, f.first_pos, f.last_pos, f.hash, f.events) for f in asked.log.frames
    ]


async def test_control_tells_switches_and_limits(asked: Scene) -> None:
    halted = a.Halted(scope="account.live", level="KILL", by="anna", reason="enough", request="q7")
    asked.history.add("control-account.live", halted, "ingest")
    pos = await asked.written()
    state = await asked.asker.ask(answers.ControlState, "control")
    naive = asked.log.naive()
    assert (state.pos, state.switches, state.limits) == (pos, naive.controls.switches, naive.controls.limits)
    assert state.brokers == {"paper": "paper"}
    status = await asked.asker.ask(answers.StatusReply, "status")
    assert status.halted == ("account.live",)
    assert (status.pos, status.head, status.lag) == (pos, pos, 0)
    assert sum(status.open_orders.values()) == len(naive.open_orders)


async def test_a_page_is_cut_by_size_too_and_goes_on(asked: Scene) -> None:
    long = "x" * 40_000
    for number in range(60):
        script = asked.history.order(f"long-{number}")
        script.approve()
        script.start()
        script.fact(o.OrderRejected, code="NO", message=long)
    await asked.written()
    pages = await asked.pages(answers.OrdersPage, "orders", "orders", status="rejected", limit=1000)
    assert len(pages) >= 3
    assert len({order.order for page in pages for order in page if order.message == long}) == 60
    events = await walked(asked, type="OrderRejected", limit=1000)
    assert len([event for event in events if long.encode() in bytes(event.data)]) == 60


async def test_a_story_that_is_too_long_is_told_in_parts(asked: Scene) -> None:
    script: Script = asked.history.order("long").work()
    for number in range(2_500):
        script.fill(number, "0.001", "100")
    await asked.written()
    told: list[answers.PublicEvent] = []
    after: int | None = 0
    while after is not None:
        story = await asked.asker.ask(answers.OrderStory, "order", id=script.id, after=after)
        told += story.events
        after = story.after
    assert len(told) == 2_505
    assert [event.pos for event in told] == sorted({event.pos for event in told})


async def test_a_bad_question_is_told_what_is_wrong_and_what_would_be_right(asked: Scene) -> None:
    for what, fields, code, field in BAD:
        refused = await asked.asker.refused(what, **fields)
        assert (refused.code, refused.field) == (code, field), (what, fields, refused)
        assert refused.message
        assert refused.expected
    for payload in NOT_JSON:
        assert isinstance(await asked.asker.raw("orders", payload), answers.QueryError)
    await asked.asker.ask(answers.StatusReply, "status")
    assert isinstance(await asked.asker.raw("orders", b""), answers.OrdersPage)


async def test_many_questions_at_once_are_all_answered(asked: Scene) -> None:
    replies = await asyncio.gather(*(asked.asker.ask(answers.OrdersPage, "orders", limit=5) for _ in range(200)))
    assert all(reply == replies[0] for reply in replies)


async def test_a_person_may_ask(asked: Scene) -> None:
    await asked.engines.add_user("person-anna")
    person = await Asker.open(asked.engines, "person-anna")
    page = await person.ask(answers.OrdersPage, "orders", since=TIME)
    assert page.orders
    await person.bus.close()
