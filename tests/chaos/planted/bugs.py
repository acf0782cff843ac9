"""The bugs: each a few changed methods, per process. The names that they change must exist, so that no bug rots."""

import asyncio
import errno
import os
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta, tzinfo
from types import ModuleType
from typing import Any

from msgspec.structs import replace

from tradewire import bus, ids
from tradewire.domain import days
from tradewire.domain.orders import Order, Status
from tradewire.lease import Lease
from tradewire.messages.log import NewEvent, Result
from tradewire.messages.quotes import Quote
from tradewire.nats_credentials import Credentials
from tradewire.runtime import exhaustion
from tradewire.runtime.sink import Sink
from tradewire.tail import Tail
from tradewire_cli.engines import nats_probe, verdict
from tradewire_cli.engines.logs import RotatedLog
from tradewire_ingest import stream
from tradewire_ingest.signals_door import SignalsDoor
from tradewire_ledger.domain.decide import LeaseView
from tradewire_risk.domain import prices
from tradewire_router.brokers.alpaca.answers import Refused
from tradewire_router.brokers.alpaca.broker import AlpacaBroker
from tradewire_router.brokers.alpaca.settings import AlpacaSettings
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.results import Absent, Lookup, SubmitResult, SubmitUnknown
from tradewire_router.brokers.values import OrderRequest
from tradewire_router.domain import groups
from tradewire_router.domain.state import RouterState, Verdict
from tradewire_router.domain.translate import rejected
from tradewire_router.handlers import Ear
from tradewire_router.panic import Panic
from tradewire_router.router import Router
from tradewire_router.submit import Submitter

Patch = Callable[[], None]
ROUTER, INGEST, SEQUENCER = "tradewire_router", "tradewire_ingest", "tradewire_ledger.sequencer"
RISK = "tradewire_risk"
NATS = "tests.chaos.kept_nats"
"""The supervisor of NATS, in a row that has one."""
HERE = "tests.chaos"
"""This process, which keeps the others and has their output in its hands, as `tradewire up` does."""
_BLIND_RETRIES = 5
_undo: list[tuple[type | ModuleType, str, Any]] = []


@contextmanager
def planted_here(bug: str) -> Iterator[None]:
    """Plants what a bug changes in this process, while the context lasts."""
    before = len(_undo)
    for patch in BUGS[bug].get(HERE, ()):
        patch()
    try:
        yield
    finally:
        while len(_undo) > before:
            setattr(*_undo.pop())


def _set(owner: type | ModuleType, name: str, value: Any) -> Any:
    """Replaces a method or function that must exist, and returns the old one."""
    old = getattr(owner, name)
    setattr(owner, name, value)
    _undo.append((owner, name, old))
    return old


def _submit_before_commit() -> None:
    """The broker is called as soon as an order may be sent, and the intent is written down meanwhile."""
    early: dict[str, asyncio.Future[SubmitResult]] = {}

    async def eager(self: Submitter) -> bool:
        for order in await self._ready():
            client_order_id = ids.client_order_id(order.order, order.attempt)
            if client_order_id not in early:
                request = groups.order_request(replace(order, client_order_id=client_order_id))
                early[client_order_id] = asyncio.ensure_future(submit(self._broker, request))
        await asyncio.sleep(0.02)
        return bool(await step(self))

    async def once(self: PaperBroker, order: OrderRequest) -> SubmitResult:
        return await early[order.client_order_id]

    submit = _set(PaperBroker, "submit", once)
    step = _set(Submitter, "step", eager)


def _act_on_known() -> None:
    """What the ledger knows already counts as licence to call; so an order without an outcome is begun again.

    Nor does that wait for the comparison with the broker, which would tell of most outcomes.
    """

    def again(self: RouterState) -> Iterable[Order]:
        lost = (order for order in self.orders.values() if order.status in {Status.SUBMITTING, Status.UNKNOWN})
        return [*approved(self), *(replace(order, status=Status.APPROVED) for order in lost)]

    def free(self: Submitter, order: Order) -> bool:
        return (order.order, order.attempt) not in self.in_hand

    def settle(self: Submitter, order: Order, result: Result, *, call: bool) -> None:
        known = call and result.code in {"replayed", "id_reused", "version_conflict"}
        old_settle(self, order, Result("appended", result.positions) if known else result, call=call)

    def gate(_self: Router, ear: Ear) -> str:
        return "" if ear.connected else ear.down

    _set(Router, "_gate", gate)
    approved = _set(RouterState, "approved", again)
    _set(RouterState, "frozen_symbols", lambda _self: set())
    _set(Submitter, "restored", lambda _self: None)
    _set(Submitter, "_free", free)
    old_settle = _set(Submitter, "_settle", settle)


def _blind_retry() -> None:
    """A submit without an answer is sent again with the same id."""

    async def retry(self: PaperBroker, order: OrderRequest) -> SubmitResult:
        outcome: SubmitResult = await submit(self, order)
        for _ in range(_BLIND_RETRIES):
            if not isinstance(outcome, SubmitUnknown):
                break
            await asyncio.sleep(0.3)
            outcome = await submit(self, order)
        return outcome

    submit = _set(PaperBroker, "submit", retry)


def _unknown_is_rejected() -> None:
    """A submit without an answer is called rejected."""

    def certain(self: Submitter, order: Order, outcome: SubmitResult | str) -> NewEvent:
        told: NewEvent = old(self, order, outcome)
        if told.type != "OrderSubmitUnknown":
            return told
        return rejected(self.teller(), order, "TIMEOUT", "no answer from the broker", None, "reply")

    old = _set(Submitter, "_outcome", certain)


def _lease_for_ever() -> None:
    """Whoever once had the lease believes that it still has it."""
    _set(Lease, "allows", lambda _self, _seconds: True)


def _no_fence() -> None:
    """The ledger appends for whoever asks."""
    _set(LeaseView, "valid", lambda _self, _fence, _writer: True)


def _ack_before_append() -> None:
    """Ingest acknowledges a signal when it comes, and appends it later."""

    def take(self: SignalsDoor, message: bus.Message) -> None:
        acknowledging = asyncio.ensure_future(self._bus.publish(message.reply, b""))
        acknowledging.add_done_callback(lambda task: task.exception())
        old(self, message)

    old = _set(SignalsDoor, "_take", take)


def _any_age() -> None:
    """The router sends what was approved, however long ago."""

    def verdict(self: RouterState, order: Order, _now: int, frozen: set[str]) -> Verdict:
        return old(self, order, 0, frozen)

    old: Callable[..., Verdict] = _set(RouterState, "verdict", verdict)


def _deaf_to_kill() -> None:
    """The router heeds a KILL only once the log shows it."""
    _set(Panic, "_hear", lambda _self, _message: None)


def _winter_time() -> None:
    """Days roll as if clocks were never put forward."""

    def begin(day: date, zone: tzinfo, rolls_at: int) -> datetime:
        winter = datetime(day.year, 1, 1, tzinfo=zone).utcoffset()
        on = day - days._ahead(rolls_at)
        return datetime(on.year, on.month, on.day, tzinfo=UTC) + timedelta(minutes=rolls_at) - (winter or timedelta())

    _set(days, "_begin", begin)


def _crossed_quotes() -> None:
    """A bid above the ask is taken for a market, if each is a price by itself."""

    def fault(quote: Quote, latest: int | None = None) -> str:
        if quote.bid is None or quote.ask is None:
            return str(fault_of(quote, latest))
        return str(fault_of(replace(quote, ask=None), latest) or fault_of(replace(quote, bid=None), latest))

    fault_of = _set(prices, "fault_of", fault)


def _the_library_sends_again() -> None:
    """Alpaca's own client may post again after 429 and 504, as it does unless that is taken from it."""
    from tradewire_router.brokers.alpaca.client import Client

    def begin(self: Client, settings: AlpacaSettings) -> None:
        old(self, settings)
        self._library._retry_codes, self._library._retry_wait = [429, 504], 0

    old = _set(Client, "__init__", begin)


def _a_gateway_says_no() -> None:
    """Whatever is answered with an error was not done, also when it comes from a gateway."""
    _set(Refused, "definite", property(lambda _self: True))


def _the_list_is_all() -> None:
    """What the list of open orders lacks is not there."""

    async def find(self: AlpacaBroker, client_order_id: str, _symbol: str) -> Lookup:
        told = await old(self, client_order_id, _symbol)
        listed = {order.client_order_id for order in await self.open_orders()}
        return told if client_order_id in listed else Absent(client_order_id, 0)

    old = _set(AlpacaBroker, "find_order", find)


def _no_probe() -> None:
    """The supervisor believes a nats-server that runs."""

    async def well(*_: Any) -> verdict.Verdict:
        return verdict.WELL

    _set(nats_probe, "look", well)


def _signals_drop_the_oldest() -> None:
    """A full SIGNALS drops its oldest signals for new ones."""

    def wanted(max_bytes: int) -> dict[str, Any]:
        return {**old(max_bytes), "discard": "old"}

    old = _set(stream, "wanted", wanted)


def _believes_the_clamp() -> None:
    """A tail that cannot go on where it stands does not say so."""
    _set(Tail, "_fail", lambda _self, _problem: None)


def _logs_wait() -> None:
    """Whoever logs waits for the reader."""

    def write(self: Sink, line: str) -> None:
        left = memoryview(line.encode())
        while left:
            left = left[os.write(self._fd, left) :]

    _set(Sink, "write", write)


def _the_log_ends() -> None:
    """Whoever keeps a log gives up when the disk refuses it."""

    def append(self: RotatedLog, data: bytes) -> bool:
        if not old(self, data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return True

    old = _set(RotatedLog, "_append", append)


def _goes_on_without() -> None:
    """A process that has run out of descriptors or memory goes on as well as it can."""
    _set(exhaustion, "verify", lambda: None)


def _any_build() -> None:
    """The router sends what any build has approved."""
    _set(RouterState, "is_barred", lambda _self, _build: False)


def _reads_once() -> None:
    """What a client trusts is read when it starts, and never again."""

    def tls_context(self: Credentials) -> ssl.SSLContext | None:
        return kept.setdefault("context", read(self))

    kept: dict[str, ssl.SSLContext | None] = {}
    read = _set(Credentials, "tls_context", tls_context)


BUGS: Mapping[str, Mapping[str, tuple[Patch, ...]]] = {
    "submit-before-commit": {ROUTER: (_submit_before_commit,)},
    "act-on-known": {ROUTER: (_act_on_known,)},
    "blind-retry": {ROUTER: (_blind_retry,)},
    "unknown-is-rejected": {ROUTER: (_unknown_is_rejected,)},
    "no-fence": {ROUTER: (_lease_for_ever,), SEQUENCER: (_no_fence,)},
    "ack-before-append": {INGEST: (_ack_before_append,)},
    "any-age": {ROUTER: (_any_age,)},
    "deaf-to-kill": {ROUTER: (_deaf_to_kill,)},
    "winter-time": {RISK: (_winter_time,)},
    "library-sends-again": {ROUTER: (_the_library_sends_again,)},
    "gateway-says-no": {ROUTER: (_a_gateway_says_no,)},
    "list-is-all": {ROUTER: (_the_list_is_all,)},
    "crossed-quotes": {RISK: (_crossed_quotes,)},
    "no-probe": {NATS: (_no_probe,)},
    "signals-drop-the-oldest": {INGEST: (_signals_drop_the_oldest,)},
    "believes-the-clamp": {RISK: (_believes_the_clamp,), ROUTER: (_believes_the_clamp,)},
    "logs-wait": {INGEST: (_logs_wait,), RISK: (_logs_wait,)},
    "the-log-ends": {HERE: (_the_log_ends,)},
    "goes-on-without": {SEQUENCER: (_goes_on_without,)},
    "any-build": {ROUTER: (_any_build,)},
    "reads-once": {RISK: (_reads_once,)},
}
"""Bug -> module -> what is changed in its process."""
