"""A position in one symbol, as a fold over its fills: quantity, cost and realized result, by FIFO and by average cost.

Nothing that is stored was rounded away. Costs are kept as totals, an average price is computed when somebody looks at
it, and FIFO divides nothing but fees. There are three quotients, all by `exact.share` (cut towards zero after 12
decimals), and each leaves its remainder with what stays:

- the cost that a partial close takes out of the average-cost total stays in that total;
- the fee of a partly closed lot stays in the lot;
- the fee of a closing fill goes to its closed trades by quantity, the rest to the last of them; of a fill that crosses
  zero, the rest goes to the lot that it opens.

A split or another change of the holding that is no trade leaves what was paid as it is: lots get new quantities, and
what was paid for each is kept where its new price has no end. One that is told late is booked late: lots that were
opened since it happened stay as they are.

So at every moment and by either method, `realized - cost` is minus the sum of all signed quantity * price * multiplier,
plus what such changes paid in cash.

A broker's bust is a reversing entry, a correction a reversing entry and a new one. Quantity, fees, cash, and realized
plus unrealized at any mark are then those of the history in which the fill never happened. How that sum divides into
realized and unrealized can differ, because the reversal opens or closes lots now and not then; a report that wants the
division folds the surviving fills again.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tradewire.domain.exact import ONE, ZERO, add, multiply, negate, ratio, share, subtract
from tradewire.domain.lots import Lot, Lots, push, rescale, take
from tradewire.errors import InvalidValue
from tradewire.messages.vocabulary import Side


class Fill(Struct, frozen=True, gc=False):
    """One execution: `quantity` above zero, `fee` in the currency of the price (below zero for a rebate), `at` in µs.

    Raises InvalidValue for a quantity that is not above zero and for a number that is not finite.
    """

    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    at: int
    exec_id: str

    def __post_init__(self) -> None:
        if not (self.quantity.is_finite() and self.price.is_finite() and self.fee.is_finite() and self.quantity > 0):
            raise InvalidValue(
                "FILL_INVALID",
                f"fill {self.exec_id} has quantity {self.quantity}, price {self.price}, fee {self.fee}",
                "finite numbers and a quantity above zero",
            )


class ClosedTrade(Struct, frozen=True, gc=False):
    """What one fill closed of one lot. `fees` are the lot's and the closing fill's shares; net is gross less fees."""

    symbol: str
    side: Literal["long", "short"]
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    opened_at: int
    closed_at: int
    entry_exec_id: str
    exit_exec_id: str
    gross_pnl: Decimal
    fees: Decimal

    @property
    def net_pnl(self) -> Decimal:
        """Gross result less the fees of entry and exit."""
        return subtract(self.gross_pnl, self.fees)


class Position(Struct, frozen=True, gc=False):
    """A holding: `quantity` is signed, and so are the costs, which are negative for a short position.

    `multiplier` is what one unit of price is worth per unit of quantity: 1 for shares and coins, 100 for US options.
    The realized results are gross. `fees` are all fees paid; `open_fees` are the part that belongs to the open lots.
    """

    symbol: str
    multiplier: Decimal = ONE
    quantity: Decimal = ZERO
    fifo_cost: Decimal = ZERO
    average_cost: Decimal = ZERO
    fifo_realized: Decimal = ZERO
    average_realized: Decimal = ZERO
    fees: Decimal = ZERO
    open_fees: Decimal = ZERO
    lots: Lots = Lots()

    @property
    def average_price(self) -> Decimal | None:
        """The average-cost total per unit, rounded half-even to 28 digits; None when flat."""
        return ratio(self.average_cost, multiply(self.quantity, self.multiplier)) if self.quantity else None


def apply_fill(position: Position, fill: Fill) -> tuple[Position, tuple[ClosedTrade, ...]]:
    """Books a fill. It opens, closes (oldest lots first), or closes everything and opens the other side."""
    signed = fill.quantity if fill.side == "buy" else negate(fill.quantity)
    if not position.quantity or (position.quantity > 0) == (signed > 0):
        return _open(position, signed, fill, fill.fee), ()

    taken, lots, excess = take(position.lots, fill.quantity)
    closing = subtract(fill.quantity, excess)
    closing_fee = share(fill.fee, closing, fill.quantity) if excess else fill.fee
    trades, gross, entry_fees = _close_lots(position, taken, closing, closing_fee, fill)
    received = multiply(multiply(closing, fill.price), position.multiplier)
    if position.quantity < 0:
        received = negate(received)
    flat = not lots
    released = released_cost(position.average_cost, closing, position.quantity)
    left = Position(
        symbol=position.symbol,
        multiplier=position.multiplier,
        quantity=ZERO if flat else add(position.quantity, signed),
        fifo_cost=ZERO if flat else subtract(position.fifo_cost, subtract(received, gross)),
        average_cost=ZERO if flat else subtract(position.average_cost, released),
        fifo_realized=add(position.fifo_realized, gross),
        average_realized=add(position.average_realized, subtract(received, released)),
        fees=add(position.fees, closing_fee),
        open_fees=ZERO if flat else subtract(position.open_fees, entry_fees),
        lots=lots,
    )
    if excess:
        left = _open(left, excess if signed > 0 else negate(excess), fill, subtract(fill.fee, closing_fee))
    return left, trades


def bust(position: Position, fill: Fill, at: int) -> tuple[Position, tuple[ClosedTrade, ...]]:
    """Reverses an earlier fill, which is given as it was booked, with an entry at time `at`."""
    return apply_fill(position, reversal(fill, at))


def correct(position: Position, old: Fill, new: Fill) -> tuple[Position, tuple[ClosedTrade, ...]]:
    """Reverses `old`, as it was booked, at the time of `new`, and books `new` instead."""
    position, reversed_trades = bust(position, old, new.at)
    position, trades = apply_fill(position, new)
    return position, reversed_trades + trades


class Action(Struct, frozen=True, gc=False):
    """A change of a holding that is no trade: new = old * `ratio` + `quantity`. `cash` is what it paid, at `at` (µs).

    Raises InvalidValue for a number that is not finite, and for a ratio below zero.
    """

    ratio: Decimal
    quantity: Decimal
    cash: Decimal
    at: int
    name: str

    def __post_init__(self) -> None:
        numbers = (self.ratio, self.quantity, self.cash)
        if not all(number.is_finite() for number in numbers) or self.ratio < 0:
            raise InvalidValue(
                "ACTION_INVALID",
                f"action {self.name} has ratio {self.ratio}, quantity {self.quantity}, cash {self.cash}",
                "finite numbers and a ratio from zero up",
            )

    def after(self, held: Decimal) -> Decimal:
        """The signed quantity that is held afterwards."""
        return add(multiply(held, self.ratio), self.quantity)


def apply_action(position: Position, action: Action) -> Position:
    """Books a split, a stock dividend, a spin-off, a delisting. What was paid for the holding stays as it is.

    What comes where nothing was held, or on the other side, cost nothing; where nothing is left of what was held, what
    was paid for it is lost. The cash is won.
    """
    held, after = position.quantity, action.after(position.quantity)
    won = replace(
        position,
        quantity=after,
        fifo_realized=add(position.fifo_realized, action.cash),
        average_realized=add(position.average_realized, action.cash),
    )
    same_side = (held > 0) == (after > 0)
    if held and after and same_side:
        return replace(won, lots=rescale(position.lots, held.copy_abs(), after.copy_abs(), action.at))
    opened = Lot(after.copy_abs(), ZERO, action.at, ZERO, action.name)
    return replace(
        won,
        fifo_cost=ZERO,
        average_cost=ZERO,
        fifo_realized=subtract(won.fifo_realized, position.fifo_cost),
        average_realized=subtract(won.average_realized, position.average_cost),
        open_fees=ZERO,
        lots=push(Lots(), opened) if after else Lots(),
    )


def reversal(fill: Fill, at: int) -> Fill:
    """The entry that takes a fill back: other side, same price, the fee returned. It keeps the execution's id."""
    return Fill(
        "sell" if fill.side == "buy" else "buy", fill.quantity, fill.price, subtract(ZERO, fill.fee), at, fill.exec_id
    )


def released_cost(cost: Decimal, closing: Decimal, quantity: Decimal) -> Decimal:
    """What closing a part of a signed quantity takes out of its average-cost total: all of it when all is closed."""
    held = quantity.copy_abs()
    return cost if closing == held else share(cost, closing, held)


def _open(position: Position, signed: Decimal, fill: Fill, fee: Decimal) -> Position:
    cost = multiply(multiply(signed, fill.price), position.multiplier)
    return Position(
        symbol=position.symbol,
        multiplier=position.multiplier,
        quantity=add(position.quantity, signed),
        fifo_cost=add(position.fifo_cost, cost),
        average_cost=add(position.average_cost, cost),
        fifo_realized=position.fifo_realized,
        average_realized=position.average_realized,
        fees=add(position.fees, fee),
        open_fees=add(position.open_fees, fee),
        lots=push(position.lots, Lot(signed.copy_abs(), fill.price, fill.at, fee, fill.exec_id)),
    )


def _close_lots(
    position: Position, taken: list[Lot], closing: Decimal, closing_fee: Decimal, fill: Fill
) -> tuple[tuple[ClosedTrade, ...], Decimal, Decimal]:
    """Returns a closed trade for each lot taken, their gross result, and the entry fees that went with them."""
    long = position.quantity > 0
    trades = []
    gross = entry_fees = ZERO
    fee_left, last = closing_fee, len(taken) - 1
    for index, lot in enumerate(taken):
        paid, worth = lot.paid, multiply(fill.price, lot.quantity)
        result = multiply(subtract(worth, paid) if long else subtract(paid, worth), position.multiplier)
        exit_fee = fee_left if index == last else share(closing_fee, lot.quantity, closing)
        trades.append(
            ClosedTrade(
                symbol=position.symbol,
                side="long" if long else "short",
                quantity=lot.quantity,
                entry_price=lot.price,
                exit_price=fill.price,
                opened_at=lot.at,
                closed_at=fill.at,
                entry_exec_id=lot.exec_id,
                exit_exec_id=fill.exec_id,
                gross_pnl=result,
                fees=add(lot.fee, exit_fee),
            )
        )
        gross = add(gross, result)
        entry_fees = add(entry_fees, lot.fee)
        fee_left = subtract(fee_left, exit_fee)
    return tuple(trades), gross, entry_fees
