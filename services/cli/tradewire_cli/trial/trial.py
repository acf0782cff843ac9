"""A trial of an account: one far-off limit order goes the whole way through the running system, and is canceled.

The order is a signal like any other: risk decides it and the account's router sends it, so that everything is on the
record and no second session sends for the account. Whatever happens, the order is canceled at the end.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Raw, Struct

from tradewire import ids
from tradewire.domain.orders import UNSENT, Order, Status
from tradewire.errors import ConfigError, TradewireError, Unavailable
from tradewire.messages.control import CancelCommand
from tradewire.messages.quotes import Quote
from tradewire.messages.risk_queries import Checked, CheckQuestion
from tradewire.settings import Settings
from tradewire.subjects import MANUAL_STRATEGY
from tradewire_cli.client import Client, CommandFailed, Place, new_request
from tradewire_cli.commands.readiness import processes
from tradewire_cli.commands.when import now
from tradewire_cli.risk_client import ask_risk
from tradewire_cli.trial import order as drafting
from tradewire_cli.trial.looking import session, shown_ended, shown_open, within
from tradewire_cli.trial.order import Draft
from tradewire_cli.trial.step import Steps, StopTrial
from tradewire_cli.trial.waiting import compared, order_until
from tradewire_cli.up.runfile import Run
from tradewire_cli.up.services import router_of
from tradewire_cli.views import text
from tradewire_ingest.domain.reactions import SOURCE
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.port import Broker
from tradewire_router.brokers.results import Absent, Found
from tradewire_router.brokers.values import Instrument
from tradewire_router.doctor.row import Row
from tradewire_router.doctor.rows import meaning

SEND_SECONDS: Final = 30.0
CANCEL_SECONDS: Final = 20.0
CLEAN_UP_SECONDS: Final = 15.0
_COMPARE_SECONDS: Final = 15.0
"""Beyond the router's own interval."""
_NOT_SENT: Final = frozenset({Status.DENIED, Status.LAPSED, Status.CANCELED_LOCALLY})


class Subject(Struct, frozen=True):
    """What is tried: an account of a running system and its settings, who asks, and what is traded.

    `price` stands for the market's where the broker has none; `quantity` is what is wanted, None for the least.
    """

    account: str
    settings: Settings
    run: Run
    place: Place
    symbol: str
    price: Decimal | None = None
    quantity: Decimal | None = None


class Trial:
    """One trial. `run` makes it, and `clean_up` must follow, however `run` has ended."""

    def __init__(self, subject: Subject, client: Client, heard: asyncio.Event, steps: Steps) -> None:
        self._subject, self._client, self._heard, self._steps = subject, client, heard, steps
        self.order: Order | None = None
        self.signal_id = f"test-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        self._signal = ids.signal_uuid(SOURCE, MANUAL_STRATEGY, self.signal_id)
        self._published_at = 0.0
        self._name = subject.settings.accounts[subject.account].broker

    async def run(self) -> None:
        """All steps, one after the other. Raises StopTrial where one has failed that the others need."""
        subject, steps = self._subject, self._steps
        try:
            async with session(subject.settings, subject.account) as broker:
                await self._account(broker)
                await self._system()
                rules, market = await self._price(broker)
                wanted = await self._risk(rules, broker, market)
                await self._send(wanted)
                await self._open(broker)
                await self._cancel()
                await self._canceled(broker)
                await self._reconcile()
        except ConfigError as error:
            raise steps.stop("connect", f"{error.key} {error.problem}", error.fix) from None
        except BrokerError as error:
            row = meaning(error)
            raise steps.stop(steps.missing()[0], _words(row), row.cure) from None
        except Unavailable as error:
            steps.unknown(steps.missing()[0], str(error))
            raise StopTrial from None
        except TradewireError as error:
            raise steps.stop(steps.missing()[0], str(error)) from None

    # Before anything is sent

    async def _account(self, broker: Broker) -> None:
        account = await within(broker.account_info())
        self._steps.ok("connect", f"{broker.id} lets us in")
        funds = f"{text.money(account.buying_power)} {account.currency} to buy with"
        if account.status != "active":
            fix = f"log in at {broker.id} and look at its messages"
            raise self._steps.stop("account", f"{broker.id} says that the account is {account.status}", fix)
        self._steps.ok("account", f"active, {funds}")

    async def _system(self) -> None:
        name = router_of(self._subject.settings, self._subject.account)
        state = next((each for each in await processes(self._subject.run) if each.name == name), None)
        if state is None:
            raise self._steps.stop("system", f"no {name} runs", "start `tradewire up` again with these settings")
        if state.problem:
            raise self._steps.stop("system", f"{name}: {state.problem}", f"`tradewire logs {name}` says more")
        self._steps.ok("system", f"{name} is ready")

    async def _price(self, broker: Broker) -> tuple[Instrument, Decimal]:
        rules = await within(broker.instrument(self._subject.symbol))
        if rules.halted or not rules.tradable:
            state = "halted" if rules.halted else "not tradable"
            raise self._steps.stop("price", f"{rules.symbol} is {state} at {broker.id}", "name another with --symbol")
        quote = await within(broker.quote(rules.symbol))
        market = _mid(quote)
        if market is not None:
            self._steps.ok("price", f"{rules.symbol} is at {text.price(market)}")
        elif self._subject.price is not None:
            market = self._subject.price
            self._steps.none("price", f"{broker.id} tells none, so --price says it: {text.price(market)}")
        else:
            fix = "say what it is worth with --price, or name another with --symbol"
            raise self._steps.stop("price", f"{broker.id} has no price of {rules.symbol}", fix)
        return rules, market

    async def _risk(self, rules: Instrument, broker: Broker, market: Decimal) -> Draft:
        """Asks risk beforehand, so that an order that cannot pass leaves no denial behind."""
        given, worth = self._subject.quantity, Decimal(0)
        for percent in drafting.PERCENTS:
            wanted = drafting.draft(rules, broker.capabilities, market, percent, given, worth)
            found = await self._asked(wanted)
            if given is None and (worth := drafting.least_worth(found)):
                wanted = drafting.draft(rules, broker.capabilities, market, percent, None, worth)
                found = await self._asked(wanted)
            if not drafting.too_far(found):
                break
        if failed := drafting.denied(found):
            fix = f"`tradewire limits` shows what holds; it fails at {', '.join(failed)}"
            raise self._steps.stop("risk", f"{found.reason}: {found.message}", fix)
        held = "; a person has to approve it" if found.outcome == "held" else ""
        self._steps.ok("risk", f"would let it pass: {wanted.words}{held}")
        return wanted

    async def _asked(self, wanted: Draft) -> Checked:
        body = msgspec.json.encode(drafting.signal(wanted, "test", self._subject.account, now()))
        return await ask_risk(self._client, CheckQuestion(strategy=MANUAL_STRATEGY, signal=Raw(body)), Checked)

    # The order

    async def _send(self, wanted: Draft) -> None:
        body = msgspec.json.encode(drafting.signal(wanted, self.signal_id, self._subject.account, now()))
        self._published_at = time.monotonic()  # before: from here on it may be on its way
        await self._client.publish(self.signal_id, body)
        self.order = order = await self._until(
            SEND_SECONDS, lambda order: order.status not in UNSENT | {Status.SUBMITTING, Status.UNKNOWN}
        )
        if order is None:
            fix = f"`tradewire events --type SignalRefused` and {drafting.GOOD_FOR_SECONDS} s: then it is void"
            self._steps.unknown("send", f"no order came of signal {self.signal_id} in {SEND_SECONDS:g} s", fix)
            raise StopTrial
        if order.status in _NOT_SENT:
            raise self._steps.stop("send", f"not sent: {_reason(order)}", _why(order))
        if order.status is Status.REJECTED:
            raise self._steps.stop("send", f"{self._name} refuses it: {_reason(order)}", _why(order))
        if order.status in UNSENT | {Status.SUBMITTING, Status.UNKNOWN}:
            fix = f"`tradewire approve {order.order[:8]}`" if order.status is Status.HELD else _why(order)
            self._steps.unknown("send", f"after {SEND_SECONDS:g} s it is {order.status.value}", fix)
            raise StopTrial
        self._steps.ok("send", f"{self._name} has it as {order.broker_order_id}, for our {order.client_order_id}")

    async def _open(self, broker: Broker) -> None:
        order = self._known()
        if not order.open:
            self._steps.failed("open", f"it is {order.status.value} already", _why(order))
            return
        shown = await shown_open(broker, order.client_order_id or "")
        if shown is None:
            self._steps.failed("open", f"{broker.id} does not show it among the open orders", _why(order))
            return
        self._steps.ok(
            "open", f"{broker.id} shows it: {_status(shown.status)}, {_filled(order, shown.filled_quantity)}"
        )

    async def _cancel(self) -> None:
        order = await self._ended(CANCEL_SECONDS)
        if order.status is Status.CANCELED:
            self._steps.ok("cancel", f"{self._name} has canceled it")
        elif order.open:
            self._steps.unknown(
                "cancel", f"after {CANCEL_SECONDS:g} s it is {_status(order.status.value)}", _why(order)
            )
            raise StopTrial
        else:
            self._steps.failed("cancel", f"it is {order.status.value}, not canceled", _why(order))

    async def _canceled(self, broker: Broker) -> None:
        order = self._known()
        lookup = await shown_ended(broker, order.client_order_id or "", order.symbol)
        if isinstance(lookup, Absent):
            self._steps.none("canceled", f"{broker.id} keeps nothing of an order that has ended")
        elif not isinstance(lookup, Found):
            self._steps.unknown("canceled", f"{broker.id} does not say: {lookup.error}", _why(order))
        elif lookup.order.status == "canceled":
            self._steps.ok(
                "canceled", f"{broker.id} shows it: canceled, {_filled(order, lookup.order.filled_quantity)}"
            )
        else:
            self._steps.failed("canceled", f"{broker.id} shows it: {_status(lookup.order.status)}", _why(order))

    async def _reconcile(self) -> None:
        settings = self._subject.settings
        http = self._subject.run.urls.get(router_of(settings, self._subject.account), "")
        since, started = time.time(), time.monotonic()
        limit = settings.router.reconcile_interval.seconds + _COMPARE_SECONDS
        found = await compared(http, since, limit)
        if found is None:
            self._steps.unknown("reconcile", f"no comparison in {limit:g} s", "`tradewire doctor` looks for the cause")
        elif found.differs:
            words = f"the log and {self._name} differ in {', '.join(found.differs)}"
            self._steps.failed("reconcile", words, "`tradewire reconcile show`")
        else:
            self._steps.ok("reconcile", f"compared {text.span(time.monotonic() - started)} later, and nothing differs")

    # Afterwards

    async def clean_up(self) -> None:
        """Cancels what may still be open, and says what is left; it must be let end."""
        if not self._published_at:
            return
        try:
            order = await self._ended(CLEAN_UP_SECONDS)
        except TradewireError as error:
            self._left_open(f"the running system does not say what became of it: {error}")
            return
        except LookupError:
            left = max(0, drafting.GOOD_FOR_SECONDS - int(time.monotonic() - self._published_at))
            self._steps.unknown(
                "left",
                f"no order came of signal {self.signal_id}",
                f"`tradewire orders --open` in {left} s: from then on none can",
            )
            return
        if order.open:
            self._left_open(f"it is {order.status.value}, and its cancel is not confirmed")
        elif order.filled:
            words = f"{text.quantity(order.filled)} {order.symbol} bought at {text.mean(order.average_price)}"
            self._steps.failed("left", words, f"`tradewire send close {order.symbol} --account {order.account}`")
        else:
            self._steps.ok("left", "nothing is open and nothing was bought")

    def _left_open(self, why: str) -> None:
        order = self.order
        name = f"{self._name}'s {order.broker_order_id}" if order and order.broker_order_id else "the order"
        fix = f"cancel {name} at the broker by hand"
        if order is not None:
            fix = f"`tradewire cancel {order.order[:8]}`; else {fix}"
        self._steps.unknown("left", f"{name} may be open: {why}", fix)

    async def _ended(self, seconds: float) -> Order:
        """The order after its cancel was asked for, or as it was at its end. Raises LookupError where there is none."""
        order = await self._until(seconds, lambda _: True) or self.order
        if order is None:
            raise LookupError(self.signal_id)
        self.order = order
        if order.open and not order.cancel_requested:
            command = CancelCommand(request=new_request(), order=order.order, reason="the broker test is over")
            with suppress(CommandFailed):  # as when it has ended meanwhile, which the log tells next
                await self._client.command("cancel", command)
        if order.open:
            self.order = await self._until(seconds, lambda order: not order.open) or order
        return self.order

    async def _until(self, seconds: float, holds: Callable[[Order], bool]) -> Order | None:
        return await order_until(self._client, self._heard, self._signal, seconds, holds)

    def _known(self) -> Order:
        assert self.order is not None  # noqa: S101 - it was sent
        return self.order


def _mid(quote: Quote | None) -> Decimal | None:
    """What the market is at: between bid and ask, or whatever there is of bid, last and ask."""
    if quote is None:
        return None
    if quote.bid is not None and quote.ask is not None:
        return (quote.bid + quote.ask) / 2
    return next((price for price in (quote.bid, quote.last, quote.ask) if price is not None), None)


def _words(row: Row) -> str:
    return f"{row.found}; {row.cause}" if row.cause else row.found


def _why(order: Order) -> str:
    return f"`tradewire why {order.order[:8]}` tells more"


def _reason(order: Order) -> str:
    return ": ".join(filter(None, (order.reason, order.message))) or _status(order.status.value)


def _status(status: str) -> str:
    return status.replace("_", " ")


def _filled(order: Order, filled: Decimal) -> str:
    return f"{text.quantity(filled)} of {text.quantity(order.quantity)} filled"
