"""Decides orders: every check on every order, and one event that says what was measured and what came of it.

Orders of one batch are decided in their order, and what an earlier one reserves counts for the later ones. The
reservations of the batch are thrown away with it: the next one begins from what the log says.
"""

from collections.abc import Callable, Container, Sequence
from typing import Any

from msgspec import Struct

from tradewire import ids
from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ZERO
from tradewire.domain.orders import Order
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderApproved, OrderDenied, OrderHeld
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import CheckResult, QuoteUsed, SizeInput
from tradewire_risk.domain.ahead import Reserved
from tradewire_risk.domain.check_input import Check, CheckInput, Outcome
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.holding import must_hold
from tradewire_risk.domain.limits import Rules
from tradewire_risk.domain.measure import measure
from tradewire_risk.domain.prices import QuoteBoard
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.state import RiskState

MAX_BATCH = 200


class Decided(Struct, frozen=True, gc=False):
    """An order, what was decided about it, and the command that says so. `reason` is None for an approval."""

    order: Order
    data: OrderApproved | OrderDenied | OrderHeld
    command: Command
    reason: Reason | None


class Judged(Struct, frozen=True, gc=False):
    """What comes of an order, and everything that was measured for it. `reason` is None for an approval."""

    data: OrderApproved | OrderDenied | OrderHeld
    measured: CheckInput
    reason: Reason | None


class Batch:
    """Decisions at one position and one time. It sees the state and the quotes, and changes neither."""

    def __init__(self, state: RiskState, board: QuoteBoard, now: int, checks: Sequence[Check] = CHECKS) -> None:
        self._state, self._board, self._now = state, board, now
        self._checks = _PLAN if checks is CHECKS else _plan(checks)
        self._ahead = Reserved(state.orders)

    def decide(self, order: Order) -> Decided:
        """Decides one order that was requested; an approval reserves for those that come after it in this batch."""
        judged = self.judge(order)
        return Decided(order, judged.data, self._command(order, judged.data, judged.measured.rules), judged.reason)

    def release(self, order: Order) -> None:
        """Takes a working order away, to judge other terms in its place."""
        self._ahead.release(order)

    def judge(self, order: Order) -> Judged:
        """What the decision of an order is, whether the log holds the order or somebody only asks."""
        i, quotes, sizing = measure(self._state, self._board, self._now, self._ahead, order)
        results: list[CheckResult] = []
        quiet: list[str] = []
        failed: Check | None = None
        message = ""
        for run, name, check in self._checks:
            value, limit, passed = run(i)
            if passed and value == "":
                quiet.append(name)
                continue
            if not passed:
                if check.exits_pass and i.exit:
                    passed = True
                elif failed is None:
                    failed = check
                    message = _say(check, i, value, limit)
            results.append(CheckResult(name, value, limit, passed))
        held = False
        # A dry run tells of what would be sent whether a person would be asked first.
        if failed is None or failed.reason is Reason.DRY_RUN:
            needed, held = must_hold(i)
            if needed.value == "":
                quiet.append(needed.name)
            else:
                results.append(needed)
        grounds = self._grounds(order, i, results, quiet, quotes, sizing)
        data: OrderApproved | OrderDenied | OrderHeld
        reason: Reason | None
        if failed is not None:
            reason = failed.reason
            data = OrderDenied(**grounds, reason=reason.value, message=message)
        elif held:
            reason = Reason.APPROVAL_REQUIRED
            ttl = i.rules.bounds.approval_deadline
            data = OrderHeld(**grounds, reason=reason.value, deadline=self._now + (ttl.micros if ttl else 0))
        else:
            reason = None
            data = self._approve(order, i, grounds)
        return Judged(data, i, reason)

    def _grounds(
        self,
        order: Order,
        i: CheckInput,
        checks: list[CheckResult],
        quiet: list[str],
        quotes: tuple[QuoteUsed, ...],
        sizing: tuple[SizeInput, ...],
    ) -> dict[str, Any]:
        return {
            "order": order.order,
            "attempt": order.attempt,
            "state_pos": self._state.pos,
            "checks": tuple(checks),
            "quiet": " ".join(quiet),
            "limits": i.rules.limits,
            "control": i.rules.control,
            "quotes": quotes,
            "mid": None if i.mid == i.market else i.mid,
            "sizing": sizing,
            "clock": self._state.setup.clock,
        }

    def _approve(self, order: Order, i: CheckInput, grounds: dict[str, Any]) -> OrderApproved:
        side, quantity, ttl = i.side, i.quantity, i.rules.bounds.approval_ttl
        if side is None or quantity is None or ttl is None:
            raise AssertionError("an order without side, quantity or expiry passed its checks")
        expires_at = self._now + ttl.micros
        if order.valid_until is not None:
            expires_at = min(expires_at, order.valid_until)
        approved = OrderApproved(
            **grounds,
            signal=order.signal,
            strategy=order.strategy,
            account=order.account,
            symbol=order.symbol,
            side=side,
            quantity=quantity,
            order_type=order.order_type,
            time_in_force=order.time_in_force,
            expires_at=expires_at,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            reduce_only=i.reduce_only,
            price=i.price,
            unit_value=i.unit_value,
            cost=i.cost or None,
            build=self._state.setup.build,
            notional=i.notional,
            trail_amount=order.trail_amount,
            trail_percent=order.trail_percent,
            extended_hours=order.extended_hours,
            exits=i.exits,
        )
        self._ahead.approve(order, approved, i.value or ZERO)
        return approved

    def _command(self, order: Order, data: OrderApproved | OrderDenied | OrderHeld, rules: Rules) -> Command:
        kind = type(data).__name__
        event = new_event(
            f"order-{order.order}",
            order.version + 1,
            ids.decision_uuid(order.order, kind, order.attempt),
            data,
            time=self._now,
            correlation=order.signal,
            causation=self._state.orders.requested[order.order],
        )
        return Command((event,), rules.guards)


def _plan(checks: Sequence[Check]) -> list[tuple[Callable[[CheckInput], Outcome], str, Check]]:
    """What is looked up of every check for every order, looked up once."""
    return [(check.run, check.name, check) for check in checks]


_PLAN = _plan(CHECKS)


def decide_requested(
    state: RiskState, board: QuoteBoard, now: int, limit: int = MAX_BATCH, waiting: Container[str] = ()
) -> list[Decided]:
    """Decides the orders that were requested and not decided, in the order of the log, `limit` of them at most.

    Those in `waiting` are passed over: something that they need is on its way.
    """
    batch = Batch(state, board, now)
    decided: list[Decided] = []
    for order_id in state.orders.requested:
        if len(decided) == limit:
            break
        if order_id in waiting:
            continue
        decided.append(batch.decide(state.orders.orders[order_id]))
    return decided


def _say(check: Check, i: CheckInput, value: str | None, limit: str | None) -> str:
    """The sentence of a denial."""
    if limit is None and check.limits:
        return f"The limit {check.limits[0]} is not set."
    words = check.unmeasured if value is None and check.unmeasured else check.words
    order = i.order
    own = i.account.currency if i.account else ""
    return words.format(
        value=value,
        limit=limit,
        symbol=order.symbol,
        account=order.account,
        strategy=order.strategy,
        level_scope=i.rules.level_scope,
        currency_pair=f"{settlement_currency(order.symbol, own)}/{own}",
    )
