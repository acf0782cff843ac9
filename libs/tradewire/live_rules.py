"""What must stand in the settings before real money is at stake: every limit by name, and a sentence that was typed."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from tradewire.domain.limits import KINDS, LIFTED
from tradewire.errors import ConfigError

if TYPE_CHECKING:
    from tradewire.settings import Settings


def live_sentence(account: str) -> str:
    """What the owner of a live account types into `accounts.<name>.live_sentence`."""
    return f"{account} trades real money, and I am the one who loses it"


def verify_live(settings: "Settings", written: Collection[str]) -> None:
    """Passes settings without a live account, and those that say all that a live account needs.

    `written` are the limits that the configuration names; the defaults are those of paper accounts.

    Raises:
        ConfigError: for the first that is missing.
    """
    for name, account in settings.accounts.items():
        if not account.is_live:
            continue
        sentence = live_sentence(name)
        if account.live_sentence != sentence:
            problem = "is missing" if not account.live_sentence else "is another sentence"
            raise ConfigError(f"accounts.{name}.live_sentence", problem, f'Type "{sentence}".')
        missing = [limit for limit in type(settings.risk).__struct_fields__ if limit not in written]
        if missing:
            raise ConfigError(f"risk.{missing[0]}", f"is not set, and {name} is live", _how_to_set(missing))
        waivers = {
            "nats.sync": settings.nats.sync,
            "nats.permissions": settings.nats.permissions,
            "postgres.durability": settings.postgres.durability,
        }
        for key, value in waivers.items():
            if value != "verified":
                raise ConfigError(key, f"is {value}, and {name} is live", "Set it to verified.")


def _how_to_set(missing: list[str]) -> str:
    """What to write for each of the limits that are missing: not every one can be lifted, nor in the same way."""
    ways = {
        LIFTED: f'Set each by name, or lift it with "{LIFTED}"',
        "": "Set each by name, or write an empty list for none",
        None: "Set each by name; it cannot be lifted",
    }
    by_way = {way: [name for name in missing if KINDS[name].lift == way] for way in ways}
    return ". ".join(f"{ways[way]}: {', '.join(names)}" for way, names in by_way.items() if names) + "."
