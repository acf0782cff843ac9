"""Is there a price, in the account's currency and of our time."""

from tradewire.domain.exact import ONE
from tradewire.domain.money import plain
from tradewire.domain.times import span_text
from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome


def price_known(i: CheckInput) -> Outcome:
    """There is a price at which the market would take the order."""
    return MISSING if i.market is None else (plain(i.market), "", True)


def rate_known(i: CheckInput) -> Outcome:
    """What the symbol is paid in has a price in the account's currency."""
    if i.rate is ONE:
        return PASSED
    return MISSING if i.rate is None else (plain(i.rate), "", True)


def price_fresh(i: CheckInput) -> Outcome:
    """The oldest price used is no further from now, in the past or in the future, than allowed."""
    limit = i.rules.bounds.max_price_age
    if limit is None or i.price_at is None:
        return (None, None if limit is None else limit.text, False)
    age = i.now - i.price_at
    return (span_text(age), limit.text, abs(age) <= limit.micros)
