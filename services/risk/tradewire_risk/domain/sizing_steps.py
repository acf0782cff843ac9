"""How each method makes a quantity of its figures; the table at the foot is all of them.

A step takes the value that was asked for and the figures, and returns a multiple of the step from zero up; what it
cannot find raises CannotSize.
"""

from collections.abc import Callable
from decimal import Decimal

from tradewire.domain.exact import ONE, ZERO
from tradewire.domain.money import plain, round_down, units_within
from tradewire.messages.signal import CUSTOM
from tradewire.messages.signal_sizes import rule_of
from tradewire_risk.domain import methods
from tradewire_risk.domain.sizing_custom import by_plug_in
from tradewire_risk.domain.sizing_figures import CannotSize, Figures


def notional(value: Decimal, f: Figures) -> Decimal:
    """What an amount of money buys."""
    return units_within(f.note("notional", value), f.price(), f.step)


def percent_of_equity(value: Decimal, f: Figures) -> Decimal:
    """What a percentage of equity buys, without what is not realized."""
    base = f.realized_equity()
    return methods.by_equity(base, f.note("percent", value), f.price(), f.step)


def percent_of_position(value: Decimal, f: Figures) -> Decimal:
    """A percentage of what is held."""
    return methods.by_position(f.note("position", f.known.position), f.note("percent", value), f.step)


def risk_amount(value: Decimal, f: Figures) -> Decimal:
    """What loses an amount of money at the stop."""
    return methods.by_risk(f.note("at_risk", value), f.distance(), f.step)


def risk_percent(value: Decimal, f: Figures) -> Decimal:
    """What loses a percentage of equity at the stop."""
    return methods.by_risk(_at_risk(value, f), f.distance(), f.step)


def volatility(value: Decimal, f: Figures) -> Decimal:
    """What loses a percentage of equity when the price moves by a multiple of its average true range."""
    return methods.by_risk(_at_risk(value, f), f.swing(), f.step)


def kelly(value: Decimal, f: Figures) -> Decimal:
    """A share of Kelly's fraction of equity, by the odds that the signal gives, or by the strategy's closed trades."""
    win_rate, payoff = f.odds()
    if not 0 <= win_rate <= 1 or payoff <= 0:
        raise CannotSize("size.win_rate lies between 0 and 1, and size.payoff above 0")
    fraction = methods.kelly(win_rate, payoff)
    f.note("kelly", fraction)
    if fraction <= 0:
        what = "is negative" if fraction else "is zero"
        raise CannotSize(f"the edge {what} at a win rate of {plain(win_rate)} and a payoff of {plain(payoff)}")
    share = f.note("share", min(value, ONE))
    return methods.by_kelly(f.equity(), fraction, share, f.price(), f.step)


def _at_risk(percent: Decimal, f: Figures) -> Decimal:
    return f.note("at_risk", methods.percent_of(f.equity(), f.note("percent", percent)))


def cut(quantity: Decimal, f: Figures) -> Decimal:
    """The quantity, or the smallest of the caps that the signal gives."""
    terms = f.terms
    if terms.max_percent is None and terms.max_notional is None and terms.max_quantity is None:
        return quantity
    caps = [f.note("uncut", quantity)]
    if terms.max_percent is not None:
        base = f.realized_equity()
        caps.append(methods.by_equity(base, f.note("max_percent", terms.max_percent), f.price(), f.step))
    if terms.max_notional is not None:
        caps.append(units_within(f.note("max_notional", terms.max_notional), f.price(), f.step))
    if terms.max_quantity is not None:
        caps.append(round_down(f.note("max_quantity", terms.max_quantity), f.step))
    return max(min(caps), ZERO)


def work_out(method: str, value: Decimal, f: Figures) -> Decimal:
    """Returns the quantity that a method comes to, with every cap, and notes what it is worked out from.

    Raises:
        CannotSize: something is missing, or the method is none.
    """
    if rule_of(method).entries and f.order.action == "reduce":
        raise CannotSize(f"{method} is for entries; a reduce takes a quantity or percent_of_position")
    if method.startswith(CUSTOM):
        quantity = by_plug_in(method, value, f)
    elif method in STEPS:
        quantity = STEPS[method](value, f)
    else:
        raise CannotSize(f"the method {method} is not carried out")
    quantity = cut(quantity, f)
    f.note("step", f.step)
    return quantity


Step = Callable[[Decimal, Figures], Decimal]
STEPS: dict[str, Step] = {
    "notional": notional,
    "percent_of_equity": percent_of_equity,
    "percent_of_position": percent_of_position,
    "risk_amount": risk_amount,
    "risk_percent": risk_percent,
    "volatility": volatility,
    "kelly": kelly,
}
