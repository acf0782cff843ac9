"""Who has a key: how many people may give commands, because some acts need a second one, and which strategies."""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from tradewire.settings import Settings

_PERSON: Final = "person-"
_STRATEGY: Final = "strategy-"


class _Registry(Struct):
    users: dict[str, Any]


_decode = msgspec.json.Decoder(_Registry).decode


def count_people(settings: Settings) -> int | None:
    """The people of `ingest.people`, or those with a key in the data folder; None where neither is known.

    It is asked each time, because a key that is made or revoked is so at once.
    """
    if settings.ingest.people:
        return len(set(settings.ingest.people))
    users = _users(settings)
    return None if users is None else sum(user.startswith(_PERSON) for user in users)


def known_strategies(settings: Settings) -> frozenset[str]:
    """The strategies that have a profile, or a key in the data folder."""
    keys = (user.removeprefix(_STRATEGY) for user in _users(settings) or () if user.startswith(_STRATEGY))
    return frozenset((*settings.strategies, *keys))


def _users(settings: Settings) -> dict[str, Any] | None:
    try:
        return _decode((Path(settings.data) / "keys.json").read_bytes()).users
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
