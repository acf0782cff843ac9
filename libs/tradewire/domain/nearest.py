"""Which of some names somebody probably meant who wrote one that there is not."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The names that hold the word, then those that are spelled much like it, whatever their case; `most` at most."""
    lowered = {name.lower(): name for name in known}
    wanted = word.lower()
    near = [name for lower, name in lowered.items() if wanted and wanted in lower]
    near += [lowered[lower] for lower in get_close_matches(wanted, lowered) if lowered[lower] not in near]
    return near[:most]
