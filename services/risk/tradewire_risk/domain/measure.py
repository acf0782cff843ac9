"""Everything that the checks of one order look at, from the state, the quotes and what the batch has approved."""

from decimal import Decimal

from msgspec.structs import replace

from tradewire.domain.account_book import settlement_currency
from tradewire.domain.exact import ONE, ZERO, add, multiply, subtract
from tradewire.domain.money import is_multiple, plain, round_down
from tradewire.domain.orders import Order
from tradewire.domain.switches import Switch
from tradewire.messages.account_events import InstrumentReported
from tradewire.messages.vocabulary import QuoteUsed, Side, SizeInput
from tradewire_risk.domain.ahead import Reserved
from tradewire_risk.domain.check_input import CheckInput
from tradewire_risk.domain.checks.market import cushioned, worst_of
from tradewire_risk.domain.exits import as_money, plan_exits, wanted_features
from tradewire_risk.domain.exposure import Exposure
from tradewire_risk.domain.groups import groups_with
from tradewire_risk.domain.own import own_losses, recorded_trades
from tradewire_risk.domain.prices import QuoteBoard, due_at, entry_price, rate, reference, worst_price
from tradewire_risk.domain.profile import Profile
from tradewire_risk.domain.sessions import SessionState, state_at
from tradewire_risk.domain.sizing import Known, Sized, size
from tradewire_risk.domain.state import RiskState
from tradewire_risk.domain.strategy import StrategyProfile, repeat_of

_NO_SWITCH = Switch()


def measure(
    state: RiskState, board: QuoteBoard, now: int, ahead: Reserved, order: Order
) -> tuple[CheckInput, tuple[QuoteUsed, ...], tuple[SizeInput, ...]]:
    """Sizes an order and measures it; returns the quotes and the figures that were used as well."""
    account, place = order.account, (order.account, order.symbol)
    profile = state.setup.accounts.get(account)
    rules = state.rules.of_order(account, order.strategy, order.symbol)
    exposure = ahead.exposures.at(place)
    position = state.accounts.position(account, order.symbol)
    sized = size(order, _known(state, board, now, order, position, exposure, profile))
    strategy = state.setup.strategy(order.strategy)
    repeated = "pass"
    if order.action in {"buy", "sell"}:  # a target says what is to be held in the end
        sized, repeated = _repeated(strategy, sized, position, exposure)
    instrument = state.facts.instruments.get(place)
    sized = _rounded(sized, instrument, rules.bounds.rounding)
    side, quantity = sized.side, sized.quantity

    quotes: tuple[QuoteUsed, ...] = ()
    market: Decimal | None = None
    price: Decimal | None = None
    priced: QuoteUsed | None = None
    per_unit: Decimal | None = None
    unit_value: Decimal | None = None
    notional: Decimal | None = None
    if profile is not None:
        # A target that is reached has no side, but its price is known all the same.
        towards = side or ("buy" if order.action == "target" else None)
        if towards is not None:
            quote = reference(board, order, towards, profile)
            if quote is not None:
                market, priced, quotes = quote.price, quote, (quote,)
                price = worst_price(order, towards, market)
        currency = settlement_currency(order.symbol, profile.currency)
        if repeated == "pass":
            notional = as_money(
                order, instrument, fractional=profile.fractional, currency=currency, own=profile.currency
            )
        if currency == profile.currency:
            per_unit = ONE
        elif (quoted := rate(board, currency, profile, now)) is not None:
            per_unit, quotes = quoted.price, (*quotes, quoted)
            if priced is not None:
                priced = min(priced, quoted, key=lambda used: due_at(used, profile, now))
        if price is not None and per_unit is not None:
            takes = side == "buy" and order.limit_price is None
            unit_value = cushioned(price, rules.bounds.market_order_cushion) if takes else price
            if per_unit is not ONE:
                unit_value = multiply(unit_value, per_unit)
    value = None if quantity is None or unit_value is None else multiply(quantity, unit_value)
    mark = None if profile is None else board.mark(order.symbol, profile.price_source)
    portfolio = ahead.portfolio(account)
    day = state.day(account, now)
    planned = plan_exits(order, side, market, instrument)
    facts = state.facts
    report = facts.balances.get(account)
    return (
        CheckInput(
            order=order,
            now=now,
            rules=rules,
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
            price_at=None if priced is None else priced.at,
            price_delay=profile.price_delay if profile is not None and priced is not None and priced.delayed else 0,
            price_withheld=market is None and board.get(order.symbol, "delayed") is not None,
            mid=market if mark is None else mark.price,
            rate=per_unit,
            unit_value=unit_value,
            value=value,
            cost=_cost(sized, side, position, exposure, unit_value),
            loss=state.accounts.loss(account),
            equity=state.accounts.equity(account),
            started_at=state.accounts.started_at(account),
            drawdown=state.drawdown(account, day),
            own=None if rules.strategy is None else own_losses(state, account, order.strategy, day),
            duplicate_age=ahead.duplicate_age(order),
            portfolio=portfolio,
            line_after=None if side is None or value is None else portfolio.line(order.symbol).with_order(side, value),
            groups=groups_with(state.setup.groups, order.symbol),
            window=state.windows.of(account),
            day=day,
            ahead=ahead.counts(order),
            instrument=instrument,
            available=ahead.available(account),
            balances_at=None if report is None else report.at,
            reconciled=facts.reconciled(account),
            timed=state.setup.clock == "wall",
            strategy=strategy,
            repeated=repeated,
            session=_session(state, instrument, now),
            bars=facts.bars(account, order.symbol),
            released_at=state.controls.switches.get(f"strategy.{order.strategy}", _NO_SWITCH).at,
            exits=planned.exits,
            exits_problem=planned.problem,
            wants=wanted_features(order),
            notional=notional,
            crosses="" if side is None else ahead.crossing(order, side, worst_of(order, side, market, rules.bounds)),
        ),
        quotes,
        sized.inputs,
    )


def _repeated(profile: StrategyProfile, sized: Sized, position: Decimal, exposure: Exposure) -> tuple[Sized, str]:
    """What the strategy's profile makes of an entry while something is held: it may be ignored, or trade more."""
    if profile.repeat == "add" or sized.side is None or sized.quantity is None or sized.reduce_only:
        return sized, "pass"
    found = repeat_of(profile, sized.side, position, exposure.on(sized.side))
    if found.does != "reverse":
        return sized, found.does
    more = (SizeInput("asked", plain(sized.quantity)), SizeInput("reversed", plain(found.more)))
    return replace(sized, quantity=add(sized.quantity, found.more), inputs=(*sized.inputs, *more)), "reverse"


def _rounded(sized: Sized, instrument: InstrumentReported | None, rounding: str | None) -> Sized:
    """A quantity that does not fit the instrument's step, rounded down where the limits say so, and told so."""
    if rounding != "down" or instrument is None or sized.quantity is None:
        return sized
    if is_multiple(sized.quantity, instrument.step):
        return sized
    down = round_down(sized.quantity, instrument.step)
    told = (SizeInput("asked", plain(sized.quantity)), SizeInput("step", plain(instrument.step)))
    return replace(sized, quantity=down, inputs=(*sized.inputs, *told))


def _session(state: RiskState, instrument: InstrumentReported | None, now: int) -> SessionState | None:
    if instrument is None or not instrument.calendar:
        return None
    return state_at(state.calendars.get(instrument.calendar, ()), now)


def _cost(
    sized: Sized, side: Side | None, position: Decimal, exposure: Exposure, unit: Decimal | None
) -> Decimal | None:
    """What the order may take from the buying power: the value of what does not only close what is held."""
    quantity = sized.quantity
    if sized.exit:
        return ZERO
    if side is None or quantity is None or unit is None:
        return None
    if side == "buy":
        closing = max(subtract(-position, exposure.buys), ZERO)
    else:
        closing = max(subtract(position, exposure.sells), ZERO)
    return multiply(max(subtract(quantity, closing), ZERO), unit)


def _known(
    state: RiskState,
    board: QuoteBoard,
    now: int,
    order: Order,
    position: Decimal,
    exposure: Exposure,
    profile: Profile | None,
) -> Known:
    instrument = state.facts.instruments.get((order.account, order.symbol))
    if order.size is None or profile is None:
        return Known(position, exposure, profile, _not_known, _not_known, _not_known)
    accounts = state.accounts

    def per_unit() -> Decimal | None:
        found = rate(board, settlement_currency(order.symbol, profile.currency), profile, now)
        return None if found is None else found.price

    return Known(
        position,
        exposure,
        profile,
        lambda: entry_price(board, order, profile, now),
        lambda: accounts.equity(order.account),
        lambda: accounts.unrealized(order.account),
        rate=per_unit,
        bars=lambda: state.facts.bars(order.account, order.symbol),
        step=None if instrument is None else instrument.step,
        now=now,
        sizers=state.setup.sizers,
        trades=lambda: recorded_trades(state, order.account, order.strategy),
        least_trades=state.setup.strategy(order.strategy).kelly_trades,
    )


def _not_known() -> None:
    """For an order whose size needs no figure."""
