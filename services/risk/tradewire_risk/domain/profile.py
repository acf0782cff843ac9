"""What the configuration says of an account, and of how risk works, as the domain needs it."""

from datetime import UTC, tzinfo
from typing import Literal

from msgspec import Struct

from tradewire.domain import days
from tradewire.domain.sizing import Sizer
from tradewire.messages.vocabulary import PriceSource
from tradewire_risk.domain.groups import Groups
from tradewire_risk.domain.strategy import StrategyProfile


class Profile(Struct, frozen=True, gc=False):
    """An account: who holds it, its currency, when its day rolls, and whether it deals in fractions.

    The day rolls `rolls_at` minutes after midnight in `zone`. `live` is where real money is at stake. `price_source` is
    what may serve as a price, and `price_delay` how much later (µs) than others a quote that is delayed may come.
    On a `dry_run` no order of the account is approved.
    """

    name: str
    broker: str = "paper"
    currency: str = "USD"
    zone: tzinfo = UTC
    fractional: bool = False
    rolls_at: int = 0
    live: bool = False
    price_source: PriceSource = "live"
    price_delay: int = 0
    dry_run: bool = False

    def day_of(self, now: int) -> str:
        """The account's trading day, as an ISO date, in which a time (µs) lies."""
        return days.day_of(now, self.zone, self.rolls_at)

    def start_of(self, day: str) -> int:
        """When a trading day of the account begins (µs)."""
        return days.start_of(day, self.zone, self.rolls_at)

    @property
    def paper(self) -> bool:
        """True at the paper broker, where no money is at stake."""
        return self.broker == "paper"


class Setup(Struct, frozen=True):
    """The accounts, strategies, plug-ins for sizes and groups of symbols by name, and the rules that the configuration
    alone sets.
    """

    accounts: dict[str, Profile]
    clock: Literal["wall", "quotes"] = "wall"
    strategies: dict[str, StrategyProfile] = {}
    sizers: dict[str, Sizer] = {}
    groups: Groups = {}
    build: str = ""
    """The build that decides, which its approvals name."""

    def strategy(self, name: str) -> StrategyProfile:
        """A strategy's profile; one that the configuration does not describe is restricted in nothing."""
        return self.strategies.get(name) or StrategyProfile(name)
