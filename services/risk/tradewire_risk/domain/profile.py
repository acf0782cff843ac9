"""What the configuration says of an account, and of how risk works, as the domain needs it."""

from datetime import UTC, tzinfo
from typing import Literal

from msgspec import Struct


class Profile(Struct, frozen=True, gc=False):
    """An account: who holds it, its currency, the zone in which its day rolls, and whether it deals in fractions."""

    name: str
    broker: str = "paper"
    currency: str = "USD"
    zone: tzinfo = UTC
    fractional: bool = False

    @property
    def paper(self) -> bool:
        """True when no money is at stake."""
        return self.broker == "paper"


class Setup(Struct, frozen=True):
    """The accounts by name, and the rules that the configuration alone sets."""

    accounts: dict[str, Profile]
    price_from_signal: bool = False
    clock: Literal["wall", "quotes"] = "wall"
