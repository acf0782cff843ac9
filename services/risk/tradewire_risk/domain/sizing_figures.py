"""The figures that a size is worked out from: looked up when they are needed, and noted in the order of their use."""

from decimal import Decimal

from tradewire.domain.exact import ONE, multiply, share, subtract
from tradewire.domain.money import plain
from tradewire.domain.orders import Order
from tradewire.domain.times import span_text
from tradewire.messages.vocabulary import Side, SizeInput, SizeTerms
from tradewire_risk.domain.methods import percent_of
from tradewire_risk.domain.sizing_known import Known
from tradewire_risk.domain.volatility import DAYS, average_true_range

NO_TERMS = SizeTerms()
OLDEST_BAR = 10 * 86_400_000_000
"""A newest bar that is older (µs) tells nothing of today; a long holiday is shorter."""


class CannotSize(Exception):  # noqa: N818 - it is an answer
    """Why no quantity can be worked out, as a clause."""


class Figures:
    """What one order's size is worked out from. Every method raises CannotSize for what is not known."""

    def __init__(self, order: Order, side: Side | None, known: Known) -> None:
        self.order, self.side, self.known = order, side, known
        self.step = known.step_of(order.symbol)
        self.terms = (order.size and order.size.terms) or NO_TERMS
        self._noted: list[SizeInput] = []

    @property
    def noted(self) -> tuple[SizeInput, ...]:
        """The figures that were used, each once, in the order of their first use."""
        return tuple(self._noted)

    def note(self, name: str, value: Decimal) -> Decimal:
        """Notes a figure, and returns it."""
        self.note_text(name, plain(value))
        return value

    def note_text(self, name: str, text: str) -> None:
        """Notes what need not be a number."""
        entry = SizeInput(name, text)
        if entry not in self._noted:
            self._noted.append(entry)

    def price(self) -> Decimal:
        """The entry's price in the account's currency."""
        return self._known("price", self.known.price(), "its price is not known")

    def equity(self) -> Decimal:
        """The account's equity at the last marks."""
        return self._known("equity", self.known.equity(), "the account's equity is not known")

    def realized_equity(self) -> Decimal:
        """Equity without what is not realized: gains on paper do not make the next position larger."""
        equity = self.equity()
        return subtract(equity, self._known("unrealized", self.known.unrealized(), "what is not realized is not known"))

    def in_account(self, price: Decimal) -> Decimal:
        """A price or distance of the symbol's currency in the account's."""
        rate = self.known.rate_of(self.order.symbol)
        if rate is None:
            raise CannotSize("the rate of its currency is not known")
        return price if rate == ONE else multiply(price, self.note("rate", rate))

    def distance(self) -> Decimal:
        """How far the price may move from the entry to the stop, in the account's currency; above zero."""
        terms = self.terms
        if terms.stop is not None:
            distance = self._to_stop(terms.stop)
        elif terms.stop_distance is not None:
            distance = self.in_account(self.note("stop_distance", terms.stop_distance))
        elif terms.stop_percent is not None:
            distance = percent_of(self.price(), self.note("stop_percent", terms.stop_percent))
        else:
            raise CannotSize("no stop says what is at risk; give size.stop, size.stop_distance or size.stop_percent")
        if distance <= 0:
            raise CannotSize("the distance to its stop is not above zero")
        return self.note("distance", distance)

    def _to_stop(self, stop: Decimal) -> Decimal:
        price = self.price()
        level = self.in_account(self.note("stop", stop))
        distance = subtract(price, level) if self.side == "buy" else subtract(level, price)
        if distance <= 0:
            where = "below" if self.side == "buy" else "above"
            raise CannotSize(f"its stop {plain(level)} is not {where} the entry {plain(price)}")
        return distance

    def swing(self) -> Decimal:
        """How far the price may move by `multiple` average true ranges, in the account's currency; above zero."""
        multiple = self.terms.multiple
        if multiple is None or multiple <= 0:
            raise CannotSize("give size.multiple, how many average true ranges the price may move")
        bars = self.known.bars()
        average = average_true_range(bars)
        if average is None:
            raise CannotSize(f"{DAYS + 1} daily bars are needed, and {len(bars)} are recorded")
        age = self.known.now - bars[-1].at
        if age > OLDEST_BAR:
            raise CannotSize(
                f"its newest daily bar is {span_text(age)} old; at most {span_text(OLDEST_BAR)} is allowed"
            )
        self.note("bars", Decimal(len(bars)))
        average = self.in_account(self.note("atr", average))
        if average <= 0:
            raise CannotSize("its price has not moved, so nothing measures the risk")
        return self.note("distance", multiply(average, self.note("multiple", multiple)))

    def odds(self) -> tuple[Decimal, Decimal]:
        """Win rate and payoff: the signal's, or else those of the strategy's closed trades in the account.

        Both are cut after 12 decimals, which makes the size smaller.
        """
        win_rate, payoff = self.terms.win_rate, self.terms.payoff
        if win_rate is not None and payoff is not None:
            return self.note("win_rate", win_rate), self.note("payoff", payoff)
        trades, least = self.known.trades(), self.known.least_trades
        if trades is None:
            raise CannotSize("what its trades brought is not known, because the rate of a currency is missing")
        count = trades.wins + trades.losses
        order = self.order
        if count < least:
            raise CannotSize(
                f"{order.strategy} has closed {count} trades in {order.account} that won or lost, and {least} are "
                "needed to go by; until then give size.win_rate and size.payoff"
            )
        self.note("trades", Decimal(count))
        win_rate = self.note("win_rate", share(ONE, Decimal(trades.wins), Decimal(count)))
        if not trades.wins:
            raise CannotSize(f"none of its {count} trades in {order.account} has won; there is no edge")
        if not trades.losses:
            raise CannotSize(
                f"none of its {count} trades in {order.account} has lost, so nothing says what a loss costs; "
                "give size.win_rate and size.payoff"
            )
        against = multiply(trades.lost, Decimal(trades.wins))
        return win_rate, self.note("payoff", share(trades.won, Decimal(trades.losses), against))

    def _known(self, name: str, value: Decimal | None, problem: str) -> Decimal:
        if value is None:
            raise CannotSize(problem)
        return self.note(name, value)
