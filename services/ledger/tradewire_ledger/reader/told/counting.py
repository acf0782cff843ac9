"""Counts what each batch of the log brought: after its commit, so that nothing is told that is not on record."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct
from prometheus_client import Counter, Gauge

from tradewire.domain.account_book import AccountBook, settlement_currency
from tradewire.domain.exact import ONE, ZERO, multiply
from tradewire.domain.orders import Order
from tradewire.domain.results import FOLDED, Results
from tradewire.domain.times import SECOND
from tradewire.messages.account_events import Halted, LimitWarning, Resumed
from tradewire.messages.registry import decode
from tradewire.runtime.metrics import Names
from tradewire_ledger.reader.model import Changes, FillRow, Told
from tradewire_ledger.reader.told.slippage import Prices, price_of, price_of_exit, slip
from tradewire_ledger.reader.told.steps import Steps
from tradewire_ledger.reader.told.trading import TradingMetrics

PERSON: Final = "person:"


class _Named(Struct):
    """What is counted of an event that is not decoded whole."""

    strategy: str = ""
    code: str = ""
    reason: str = ""


_decode = msgspec.json.Decoder(_Named).decode


class Counting:
    """Follows the batches of one session. `results` hold what strategies won and lost, once they are begun with."""

    def __init__(self, metrics: TradingMetrics, accounts: Names, strategies: Names) -> None:
        self._metrics = metrics
        self._accounts, self._strategies = accounts, strategies
        self.steps, self.prices = Steps(), Prices()
        self.results: dict[str, Results] | None = None
        self._waiting: list[Changes] = []
        self._sums: dict[tuple[Counter | Gauge, tuple[str, ...]], float] = {}

    def unpriced(self, changes: Changes) -> list[str]:
        """The streams of orders that were filled and of whose approval the log must be asked, before `take`."""
        found = {
            told.order
            for told in changes.told
            if told.event.type == "OrderFilled" and told.order and not (told.after and price_of_exit(told.after))
        }
        approved = {told.order for told in changes.told if told.event.type == "OrderApproved"}
        return [f"order-{order}" for order in self.prices.missing(found - approved)] if found else []

    def take(self, changes: Changes, approvals: Mapping[str, bytes]) -> None:
        """Counts a batch. `approvals` are the newest of those streams that `unpriced` named."""
        for stream, approval in approvals.items():
            self.prices.keep(stream.removeprefix("order-"), price_of(approval))
        fills = {row.pos: row for row in changes.fills}
        for told in changes.told:
            if told.after is not None:
                self._moved(told, told.after)
            elif count := _COUNTS.get(told.event.type):
                count(self, told)
            if (row := fills.get(told.event.pos)) is not None:
                self._executed(row, told, changes.books)
        self._flush()
        if self.results is None:
            self._waiting.append(changes)
        else:
            self._fold(changes, self.results)

    def _add(self, metric: Counter | Gauge, *labels: str, amount: float = 1) -> None:
        key = metric, labels
        self._sums[key] = self._sums.get(key, 0) + amount

    def _flush(self) -> None:
        """Tells a batch's sums: finding a series costs more than adding to one."""
        for (metric, labels), amount in self._sums.items():
            metric.labels(*labels).inc(amount)
        self._sums.clear()

    def begin(self, results: dict[str, Results]) -> None:
        """Goes on from results as they stood where the session began."""
        for changes in self._waiting:
            self._fold(changes, results)
        self._waiting.clear()
        self.results = results

    def begin_without(self) -> None:
        """Goes on from here, where it is not known how results stood; what waited for them is let go of."""
        self._waiting.clear()
        self.results = {}

    def _fold(self, changes: Changes, results: dict[str, Results]) -> None:
        fills = {row.pos: row for row in changes.fills}
        for told in changes.told:
            event = told.event
            if event.type in FOLDED and told.account:
                row = fills.get(event.pos)
                data = decode(event) if row is None else row.data
                of = results.setdefault(told.account, Results())
                of.fold(event, data, changes.books[told.account].currency)

    def _moved(self, told: Told, after: Order) -> None:
        event, account = told.event, self._accounts.label(after.account)
        for hop, took in self.steps.moved(event, told.before, after):
            self._metrics.hops.labels(account, hop).observe(took / SECOND)
        if told.before is None or told.before.status is not after.status:
            self._add(self._metrics.states, account, after.status)
        if event.type == "OrderApproved":
            self.prices.keep(after.order, price_of(event.data))
        if outcome := _OUTCOMES.get(event.type):
            reason = "" if outcome == "approved" else _decode(event.data).reason
            self._add(self._metrics.decisions, account, outcome, reason)
        elif answer := _ANSWERS.get(event.type):
            self._add(self._metrics.approvals, account, answer)

    def signal(self, told: Told) -> None:
        """A signal, of whomever."""
        if told.signal:
            self.steps.received(told.signal, told.event.at)
        strategy = _decode(told.event.data).strategy
        self._add(self._metrics.signals, self._strategies.label(strategy))

    def refusal(self, told: Told) -> None:
        """A message that is no signal."""
        self._add(self._metrics.refusals, _decode(told.event.data).code)

    def switch(self, told: Told) -> None:
        """A switch that was thrown or resumed."""
        data: Halted | Resumed = decode(told.event)
        level = data.level if isinstance(data, Halted) else "NONE"
        by = "person" if data.by.startswith(PERSON) else "service"
        self._add(self._metrics.switches, data.scope.partition(".")[0], level, by)

    def warning(self, told: Told) -> None:
        """A limit that is nearly used up."""
        data: LimitWarning = decode(told.event)
        self._add(self._metrics.warnings, self._accounts.label(data.account), data.check)

    def _executed(self, row: FillRow, told: Told, books: Mapping[str, AccountBook]) -> None:
        data, metrics = row.data, self._metrics
        account = self._accounts.label(data.account)
        strategy = self._strategies.label(getattr(data, "strategy", "") or "")
        self._add(metrics.fills, account, strategy, row.kind)
        metrics.filled_at.labels(account).set(told.event.at / SECOND)
        if fee := _fee(row, data):
            self._add(metrics.fees, account, data.fee_currency, amount=float(fee))
        if row.kind not in {"fill", "external"}:
            return
        book = books[data.account]
        currency = settlement_currency(data.symbol, book.currency)
        position = book.positions.get(data.symbol)
        multiplier = position.multiplier if position is not None else ONE
        value = multiply(multiply(data.quantity, data.price), multiplier)
        self._add(metrics.value, account, strategy, data.side, currency, amount=float(abs(value)))
        if told.after is None:
            return
        approved = price_of_exit(told.after) or self.prices.get(told.after.order)
        slipped = slip(data.side, data.quantity, data.price, approved or ZERO, multiplier)
        if slipped is not None:
            metrics.slippage.labels(account).observe(float(slipped.part))
            self._add(metrics.slipped, account, strategy, currency, amount=float(slipped.cost))


def _fee(row: FillRow, data: Any) -> Decimal:
    """What an execution, or what takes its place, adds to the fees."""
    if row.kind == "bust":
        return Decimal(-data.fee)
    return Decimal(data.fee - data.old_fee if row.kind == "correction" else data.fee)


_OUTCOMES: Final = {"OrderApproved": "approved", "OrderDenied": "denied", "OrderHeld": "held"}
_ANSWERS: Final = {"OrderApprovalGranted": "granted", "OrderApprovalRefused": "refused"}
_COUNTS: Final[dict[str, Callable[[Counting, Told], None]]] = {
    "SignalReceived": Counting.signal,
    "SignalRefused": Counting.refusal,
    "Halted": Counting.switch,
    "Resumed": Counting.switch,
    "LimitWarning": Counting.warning,
}
