"""One day of an account at Alpaca's twin, through `tradewire up`: from before the open to the end-of-day comparison."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.e2e.brokers.exchange import PRICES, Exchange, opened
from tests.e2e.cli.system import Said, started_up, tradewire
from tests.twins.kit.remote import until
from tradewire.messages.answers import EventsPage
from tradewire.messages.queries import MAX_ROWS, EventsQuery
from tradewire_cli import OWNER
from tradewire_cli.client import connected, place_of
from tradewire_cli.engines.testing import reachable_folder
from tradewire_cli.exits import Exit
from tradewire_cli.views.events import decoded

SETTINGS = """
default_account = "main"
[router]
account = "main"
reconcile_interval = "5s"
[risk]
market_hours = "extended"
allowed_symbols = "AAPL, MSFT, TSLA"
[accounts.main]
broker = "alpaca"
environment = "paper"
url_override = "{url}"
api_key_file = "{folder}/key"
api_secret_file = "{folder}/secret"
time_zone = "America/New_York"
day_rolls_at = "17:00"
"""
POST, STREAM, DATA = "POST /v2/orders", "GET /stream", "/v2/iex"
CLOSED_WORDS = "market is closed"
LIMIT_SECONDS = 60.0


class Desk:
    """The account's owner, at the terminal of the running system."""

    def __init__(self, data: Path, exchange: Exchange) -> None:
        self._data, self._exchange = data, exchange

    def tell(self, *words: str) -> Said:
        """One command, by the day's clock."""
        return tradewire(self._data, *words, more=self._exchange.environment)

    def send(self, name: str, *words: str) -> None:
        """A signal without a price, of now."""
        said = self.tell("send", *words, "--id", name, "--timestamp", self._exchange.now().isoformat())
        assert said.code == Exit.DONE, said.err

    def log(self, *types: str) -> list[Any]:
        """What the events of some types say, in the order of the log."""
        return [data for kind, data in self._events() if kind in types]

    def story(self, name: str) -> list[Any]:
        """The events of the order of a signal, as (type, what it says)."""
        events = self._events()
        orders = {data.order for kind, data in events if kind == "OrderRequested" and data.signal_id == name}
        return [(kind, data) for kind, data in events if getattr(data, "order", None) in orders]

    def until(self, name: str, kind: str, count: int = 1) -> Any:
        """Waits for events of a signal's order, and returns the last."""
        try:
            return until(
                lambda: [data for type_, data in self.story(name) if type_ == kind][count - 1 :], LIMIT_SECONDS
            )[-1]
        except AssertionError:
            raise AssertionError(f"{name}: no {kind} in {self.story(name)}") from None

    def until_said(self, kind: str, **fields: object) -> Any:
        """Waits for an event with these fields."""

        def said() -> list[Any]:
            return [each for each in self.log(kind) if all(getattr(each, k) == v for k, v in fields.items())]

        return until(said, LIMIT_SECONDS)[-1]

    def _events(self) -> list[tuple[str, Any]]:
        async def ask() -> list[tuple[str, Any]]:
            found: list[tuple[str, Any]] = []
            query = EventsQuery(limit=MAX_ROWS)
            async with connected(place_of(self._data, OWNER)) as client:
                while True:
                    page = await client.ask(query, EventsPage)
                    found += [(event.type, decoded(event)) for event in page.events]
                    if not page.more:
                        return found
                    query = msgspec.structs.replace(query, after=page.next)

        return asyncio.run(ask())


@pytest.fixture
def day() -> Iterator[tuple[Exchange, Desk]]:
    """A system that is started in the morning of a trading day, and stopped in its evening."""
    with reachable_folder() as folder, opened(folder, fees="activities") as exchange:
        for name in ("key", "secret"):
            (folder / name).write_text(f"twin-{name}\n")
            (folder / name).chmod(0o600)
        exchange.becomes("09:24")
        data = folder / "data"
        data.mkdir()
        settings = SETTINGS.format(url=exchange.twin.url, folder=folder)
        with started_up(data, settings, more=exchange.environment):
            yield exchange, Desk(data, exchange)


def test_no_difference_is_left_unnamed(day: tuple[Exchange, Desk]) -> None:
    exchange, desk = day

    # Before the open: what waits for it, what may not, and what the broker does not take.
    said = desk.tell("limits", "set", "symbol.MSFT", "market_hours=regular", "--reason", "no auctions")
    assert said.code == Exit.DONE, said.err
    desk.send("early", "buy", "MSFT", "5")
    assert desk.until("early", "OrderDenied").reason == "MARKET_CLOSED"
    exchange.twin.arm("status_before", POST, status=422, body=f'{{"code": 42210000, "message": "{CLOSED_WORDS}"}}')
    limit = ("--order-type", "limit", "--limit-price")
    desk.send("refused", "buy", "TSLA", "3", *limit, "201")
    rejected = desk.until("refused", "OrderRejected")
    assert (rejected.code, CLOSED_WORDS in rejected.message) == ("MARKET_CLOSED", True)
    desk.send("opening", "buy", "AAPL", "10", *limit, "101")
    desk.until("opening", "OrderAccepted")

    # The open, and signals at the prices of the data stream.
    exchange.becomes("09:30")
    exchange.do("session", name="open")
    desk.until("opening", "OrderFilled")
    desk.send("entry", "buy", "MSFT", "20")
    desk.until("entry", "OrderFilled")
    desk.send("exit", "sell", "AAPL", "4")
    desk.until("exit", "OrderFilled")
    desk.send("resting", "buy", "AAPL", "10", *limit, "90", "--time-in-force", "gtc")
    desk.send("left", "buy", "TSLA", "2", *limit, "180")
    client_order_id = desk.until("resting", "OrderAccepted").client_order_id
    desk.until("left", "OrderAccepted")

    # The connection is lost, and two executions are inside.
    fault = exchange.twin.arm("status_before", STREAM, times=0, status=503)
    exchange.twin.hang_up()
    desk.until_said("BrokerLost")
    for quantity in ("4", "6"):
        exchange.do("fill", client_order_id=client_order_id, qty=quantity, price="90")
    exchange.twin.disarm(fault)
    desk.until("resting", "OrderFilled", 2)
    desk.until_said("BrokerConnected")

    # Somebody trades by hand at the broker, a dividend is paid, and more is sold.
    exchange.do("submit", symbol="TSLA", qty="2", side="buy", type="market", time_in_force="day")
    desk.until_said("ExternalFillBooked", symbol="TSLA")
    exchange.do("activity", type="DIV", symbol="MSFT", qty="20", net_amount="16.6")
    desk.until_said("CashMoved", reason="dividend", symbol="MSFT", amount=Decimal("16.6"))
    desk.send("out", "close", "AAPL")
    desk.until("out", "OrderFilled")

    # The close, and the end of the account's day.
    exchange.becomes("15:59:58")
    until(lambda: exchange.now().hour == 16)
    exchange.do("session", name="after")
    desk.until("left", "OrderExpired")
    exchange.becomes("16:59:58")
    desk.until_said("ReconciliationMended", occasion="end_of_day", day=exchange.day.isoformat())

    assert all(request.price is None for request in desk.log("OrderRequested"))
    quoted = [quote for approval in desk.log("OrderApproved") for quote in approval.quotes]
    assert {(quote.symbol, quote.source) for quote in quoted} == {(symbol, "alpaca") for symbol in PRICES}
    assert DATA in [line["path"] for line in exchange.twin.streams()]
    _agree(desk, exchange)


def _agree(desk: Desk, exchange: Exchange) -> None:
    """Executions, quantities, cash and commission are here what they are at the twin, and nothing ever differed."""
    assert desk.log("ReconciliationBroken", "Halted", "AccountHalted") == []
    assert desk.tell("reconcile", "show").out == "the log and the brokers agree\n"
    ledger = exchange.twin.ledger()
    ours = [
        (fill.symbol, fill.side, fill.quantity, fill.price) for fill in desk.log("OrderFilled", "ExternalFillBooked")
    ]
    theirs = [(e["symbol"], e["side"], Decimal(e["qty"]), Decimal(e["price"])) for e in ledger["executions"]]
    assert sorted(ours) == sorted(theirs)
    held = {row["symbol"]: row["quantity"] for row in desk.tell("positions", "--json").json["positions"]}
    assert held == ledger["positions"]
    [account] = desk.tell("account", "--json").json["accounts"]
    cash = [(each["currency"], Decimal(each["cash"])) for each in account["cash"]]
    assert cash == [("USD", Decimal(ledger["cash"]))]
    charged = [Decimal(each["net_amount"]) for each in ledger["activities"] if each["activity_type"] == "FEE"]
    assert [moved.amount for moved in desk.log("CashMoved") if moved.reason == "fee"] == charged
    assert len(charged) == 2
    ids = [order["client_order_id"] for order in ledger["orders"]]
    assert len(ids) == len(set(ids))
    verdict = desk.tell("check", "--settled")
    assert verdict.code == Exit.DONE, verdict.out
