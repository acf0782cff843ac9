"""Orders whose size is to be worked out, for tests: through a whole decision, or by the sizing alone."""

from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from tests.unit.risk.builders import PAPER, Log
from tradewire.domain.exact import ZERO
from tradewire.domain.orders import Order
from tradewire.messages import order_events as o
from tradewire.messages.vocabulary import Action, SizeAsked, SizeTerms
from tradewire_risk.domain.exposure import NO_EXPOSURE
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.sizing import Known, Sized, size

FRACTIONS = Setup(accounts={"paper": Profile("paper", fractional=True)})
_TERMS = frozenset(SizeTerms.__struct_fields__)


def funded(setup: Setup = PAPER, price: str | None = "100", cash: str = "100000", **limits: str) -> Log:
    """A log with an account that holds nothing but cash, and a price of AAPL."""
    log = Log(setup, limits or None, price)
    log.cash(cash)
    return log


def asked(method: str, value: str, given: dict[str, Any]) -> SizeAsked:
    """A size; takes the fields that belong to it out of `given`."""
    terms = {name: Decimal(given.pop(name)) for name in _TERMS & given.keys()}
    return SizeAsked(method, Decimal(value), SizeTerms(**terms) if terms else None)


def ask(log: Log, action: Action, method: str, value: str, **fields: Any) -> Any:
    """What is decided about an order whose size is to be worked out."""
    side = action if action in {"buy", "sell"} else None
    wanted = asked(method, value, fields)
    return log.decide(log.request("s", side, None, action=action, size=wanted, **fields)).data


def figures(data: Any) -> dict[str, str]:
    """The figures that a decision shows, by name."""
    return {figure.name: figure.value for figure in data.sizing}


def shown(figures_: Any) -> str:
    """The figures as `tradewire why` prints them."""
    return ", ".join(f"{figure.name} {figure.value}" for figure in figures_)


def approved(data: Any) -> tuple[str, Decimal, bool]:
    """Side, quantity and whether it only reduces."""
    assert isinstance(data, o.OrderApproved), data
    return data.side, data.quantity, data.reduce_only


def denied(data: Any) -> tuple[str, str]:
    """Reason and sentence."""
    assert isinstance(data, o.OrderDenied), data
    return data.reason, data.message


def order_of(action: Action, method: str, value: str, **fields: Any) -> Order:
    """A requested order whose size is to be worked out."""
    side = action if action in {"buy", "sell"} else None
    wanted = asked(method, value, fields)
    return Log().request("s", side, None, action=action, size=wanted, **fields)


def known(**fields: Any) -> Known:
    """What is known of an account with 100,000 USD and nothing else, at a price of 150."""
    plain = Known(
        ZERO,
        NO_EXPOSURE,
        Profile("paper"),
        lambda: Decimal(150),
        lambda: Decimal(100_000),
        lambda: ZERO,
    )
    return replace(plain, **fields)


def worked_out(order: Order, **fields: Any) -> Sized:
    """What the sizing makes of an order."""
    return size(order, known(**fields))
