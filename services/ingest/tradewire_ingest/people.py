"""How many people may give commands: some acts need a second one."""

from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from tradewire.settings import Settings

_PERSON: Final = "person-"


class _Registry(Struct):
    users: dict[str, Any]


_decode = msgspec.json.Decoder(_Registry).decode


def count_people(settings: Settings) -> int | None:
    """The people of `ingest.people`, or those with a key in the data folder; None where neither is known.

    It is asked each time, because a key that is made or revoked is so at once.
    """
    if settings.ingest.people:
        return len(set(settings.ingest.people))
    try:
        users = _decode((Path(settings.data) / "keys.json").read_bytes()).users
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    return sum(user.startswith(_PERSON) for user in users)
