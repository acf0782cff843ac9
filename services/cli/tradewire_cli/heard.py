"""Halts that routers heard directly and keep, while the log does not hold them: given as the ledger was down.

What the log does not hold, no resume can lift: the halt must be given again first.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from tradewire.domain.switches import NOT_IN_LOG

_HEARD: Final = re.compile(rf"(\w+) of (\S+) by (\S+), {re.escape(NOT_IN_LOG)}")


class Heard(Struct, frozen=True, order=True):
    """A halt of a scope that only the routers know, and what to do about it."""

    scope: str
    level: str
    by: str

    @property
    def words(self) -> str:
        """One line for whoever wants to trade again."""
        return (
            f"{self.scope}: a router keeps to a {self.level} by {self.by} that it heard directly and the log does not "
            f"hold; give it again with `tradewire halt {self.scope} --level {self.level} --reason …`, then "
            f"`tradewire resume {self.scope} --reason …`"
        )


def heard_in(problems: Iterable[str]) -> tuple[Heard, ...]:
    """Those in what processes say of why they are not ready."""
    found = {Heard(scope, level, by) for problem in problems for level, scope, by in _HEARD.findall(problem)}
    return tuple(sorted(found))
