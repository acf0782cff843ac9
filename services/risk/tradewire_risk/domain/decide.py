"""Decides orders: every check on every order, and one event that says what was measured and what came of it.

Orders of one batch are decided in their order, and what an earlier one reserves counts for the later ones. The
reservations of the batch are thrown away with it: the next one begins from what the log says.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from tradewire import ids
from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE, multiply
from tradewire.domain.orders import Order
from tradewire.messages.log import Command
from tradewire.messages.order_events import OrderApproved, OrderDenied
from tradewire.messages.registry import new_event
from tradewire.messages.vocabulary import CheckResult, QuoteUsed, SizeInput
from tradewire_risk.domain.check_input import Check, CheckInput
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.duplicates import Key, Seen
from tradewire_risk.domain.exposure import Exposure, Overlay
from tradewire_risk.domain.limits import Rules
from tradewire_risk.domain.prices import QuoteBoard, entry_price, rate, reference, worst_price
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.sizing import Known, size
from tradewire_risk.domain.state import RiskState

MAX_BATCH = 200


class Decided(Struct, frozen=True, gc=False):
    """An order, what was decided about it, and the command that says so. `reason` is None for an approval."""

    order: Order
    data: OrderApproved | OrderDenied
    command: Command
    reason: Reason | None


class Batch:
    """Decisions at one position and one time. It sees the state and the quotes, and changes neither."""

    def __init__(self, state: RiskState, board: QuoteBoard, now: int, checks: Sequence[Check] = CHECKS) -> None:
        self._state, self._board, self._now, self._checks = state, board, now, checks
        self._exposures = Overlay(state.orders.exposures)
        self._seen: dict[Key, Seen] = {}

    def decide(self, order: Order) -> Decided:
        """Decides one order that was requested; an approval reserves for those that come after it in this batch."""
        i, quotes, sizing = self._measure(order)
        results: list[CheckResult] = []
        failed: Check | None = None
        message = ""
        for check in self._checks:
            value, limit, passed = check.run(i)
            if not passed:
                if check.exits_pass and i.exit:
                    passed = True
                elif failed is None:
                    failed = check
                    message = _say(check, i, value, limit)
            results.append(CheckResult(check.name, value, limit, passed))
        checks = tuple(results)
        data: OrderApproved | OrderDenied
        if failed is None:
            data = self._approve(order, i, checks, quotes, sizing)
            reason = None
        else:
            reason = failed.reason
            data = OrderDenied(
                order=order.order,
                attempt=order.attempt,
                state_pos=self._state.pos,
                checks=checks,
                limits=i.rules.limits,
                control=i.rules.control,
                quotes=quotes,
                sizing=sizing,
                clock=self._state.setup.clock,
                reason=reason.value,
                message=message,
            )
        return Decided(order, data, self._command(order, data, i.rules), reason)

    def _measure(self, order: Order) -> tuple[CheckInput, tuple[QuoteUsed, ...], tuple[SizeInput, ...]]:
        state, now = self._state, self._now
        place = (order.account, order.symbol)
        profile = state.setup.accounts.get(order.account)
        exposure = self._exposures.at(place)
        position = state.accounts.position(order.account, order.symbol)
        sized = size(order, self._known(order, position, exposure, profile))
        side, quantity = sized.side, sized.quantity

        quotes: tuple[QuoteUsed, ...] = ()
        market: Decimal | None = None
        price: Decimal | None = None
        price_at: int | None = None
        per_unit: Decimal | None = None
        value: Decimal | None = None
        if profile is not None:
            # A target that is reached has no side, but its price is known all the same.
            towards = side or ("buy" if order.action == "target" else None)
            if towards is not None:
                quote = reference(self._board, order, towards, profile, state.setup.price_from_signal)
                if quote is not None:
                    market, price_at, quotes = quote.price, quote.at, (quote,)
                    price = worst_price(order, towards, market)
            currency = settlement_currency(order.symbol, profile.currency)
            if currency == profile.currency:
                per_unit = ONE
            elif (quoted := rate(self._board, currency, profile, now)) is not None:
                per_unit, quotes = quoted.price, (*quotes, quoted)
                if price_at is not None:
                    price_at = min(price_at, quoted.at)
            if quantity is not None and price is not None and per_unit is not None:
                value = multiply(quantity, price)
                if per_unit is not ONE:
                    value = multiply(value, per_unit)
        return (
            CheckInput(
                order=order,
                now=now,
                rules=state.rules.of_order(order.account, order.strategy, order.symbol),
                account=profile,
                side=side,
                quantity=quantity,
                reduce_only=sized.reduce_only,
                exit=sized.exit,
                closable=sized.closable,
                size_problem=sized.problem,
                position=position,
                working=exposure.sells if side == "sell" else exposure.buys,
                open_orders=exposure.open,
                unknown_orders=exposure.unknown,
                market=market,
                price=price,
                price_at=price_at,
                rate=per_unit,
                value=value,
                loss=state.accounts.loss(order.account),
                duplicate_age=self._duplicate_age(order),
            ),
            quotes,
            sized.inputs,
        )

    def _known(self, order: Order, position: Decimal, exposure: Exposure, profile: Profile | None) -> Known:
        if order.size is None or profile is None:
            return Known(position, exposure, profile, _not_known, _not_known, _not_known)
        accounts, board, setup, now = self._state.accounts, self._board, self._state.setup, self._now
        return Known(
            position,
            exposure,
            profile,
            lambda: entry_price(board, order, profile, now, setup.price_from_signal),
            lambda: accounts.equity(order.account),
            lambda: accounts.unrealized(order.account),
        )

    def _duplicate_age(self, order: Order) -> int | None:
        orders = self._state.orders
        key = orders.keys[order.order]
        seen = self._seen.get(key)
        if seen is None or seen.signal == order.signal:
            seen = orders.duplicates.find(key, order.signal)
        return None if seen is None else order.requested_at - seen.requested_at

    def _approve(
        self,
        order: Order,
        i: CheckInput,
        checks: tuple[CheckResult, ...],
        quotes: tuple[QuoteUsed, ...],
        sizing: tuple[SizeInput, ...],
    ) -> OrderApproved:
        side, quantity, ttl = i.side, i.quantity, i.rules.bounds.approval_ttl
        if side is None or quantity is None or ttl is None:
            raise AssertionError("an order without side, quantity or expiry passed its checks")
        self._exposures.reserve((order.account, order.symbol), side, quantity)
        self._seen[self._state.orders.keys[order.order]] = Seen(order.requested_at, order.order, order.signal)
        expires_at = self._now + ttl.micros
        if order.valid_until is not None:
            expires_at = min(expires_at, order.valid_until)
        return OrderApproved(
            order=order.order,
            attempt=order.attempt,
            state_pos=self._state.pos,
            checks=checks,
            limits=i.rules.limits,
            control=i.rules.control,
            quotes=quotes,
            sizing=sizing,
            clock=self._state.setup.clock,
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
        )

    def _command(self, order: Order, data: OrderApproved | OrderDenied, rules: Rules) -> Command:
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


def _not_known() -> None:
    """For an order whose size needs no figure."""


def decide_requested(state: RiskState, board: QuoteBoard, now: int, limit: int = MAX_BATCH) -> list[Decided]:
    """Decides the orders that were requested and not decided, in the order of the log, `limit` of them at most."""
    batch = Batch(state, board, now)
    decided: list[Decided] = []
    for order_id in state.orders.requested:
        if len(decided) == limit:
            break
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
