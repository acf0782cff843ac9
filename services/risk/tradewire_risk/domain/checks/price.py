"""Is there a price, in the account's currency and of our time."""

from tradewire.domain.exact import ONE
from tradewire.domain.money import plain
from tradewire.domain.times import span_text
from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome


def price_known(i: CheckInput) -> Outcome:
    """There is a price at which the market would take the order, of a kind that the account's `price_source` allows."""
    if i.market is not None:
        return (plain(i.market), "", True)
    return (None, "live quote" if i.price_withheld else "quote", False)


def rate_known(i: CheckInput) -> Outcome:
    """What the symbol is paid in has a price in the account's currency."""
    if i.rate is ONE:
        return PASSED
    return MISSING if i.rate is None else (plain(i.rate), "", True)


def price_fresh(i: CheckInput) -> Outcome:
    """The oldest price used is no further from now, in the past or in the future, than allowed.

    One that its venue tells late may be older by the account's `price_delay`.
    """
    limit = i.rules.bounds.max_price_age
    if limit is None or i.price_at is None:
        return (None, None if limit is None else limit.text, False)
    age = i.now - i.price_at
    most = limit.micros + i.price_delay
    return (span_text(age), span_text(most) if i.price_delay else limit.text, -limit.micros <= age <= most)
