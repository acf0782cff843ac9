"""Which row must turn red for which bug, and by what."""

from typing import Literal

from msgspec import Struct

from tests.chaos.campaign import Outcome


class Case(Struct, frozen=True):
    """A planted bug: the row and the seeds that are tried, and what at least one of them must find."""

    bug: str
    row: str
    seeds: tuple[int, ...]
    finds: Literal["lost", "doubled", "findings"]

    def seen(self, outcome: Outcome) -> bool:
        """True when a run was judged red by what this bug must show."""
        found = outcome.judgement
        return found is not None and bool(getattr(found, self.finds))


CASES: tuple[Case, ...] = (
    Case("submit-before-commit", "3", (0, 3, 6), "doubled"),
    Case("act-on-known", "4", (0, 1, 2), "doubled"),
    Case("blind-retry", "21", (0, 1, 2), "doubled"),
    Case("unknown-is-rejected", "21", (0, 1, 2), "findings"),
    Case("no-fence", "8", (0, 1, 3), "doubled"),
    Case("ack-before-append", "1", (0, 4, 8), "lost"),
)
