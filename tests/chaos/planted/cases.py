"""Which row must turn red for which bug, and by what."""

from msgspec import Struct

from tests.chaos.campaign import Outcome


class Case(Struct, frozen=True):
    """A planted bug: the row and the seeds that are tried, and words of what at least one of them must find."""

    bug: str
    row: str
    seeds: tuple[int, ...]
    words: str

    def seen_in(self, outcome: Outcome) -> str:
        """What a run found that this bug must show, or nothing."""
        return next((found for found in outcome.findings() if self.words in found), "")


CASES: tuple[Case, ...] = (
    Case("submit-before-commit", "3", (0, 3, 6), "was sent before its intent was written down"),
    Case("act-on-known", "4", (0, 1, 2, 3, 5, 6), "was received again"),
    Case("blind-retry", "21", (0, 1, 2), "was received again"),
    Case("unknown-is-rejected", "21", (0, 1, 2), "is rejected with"),
    Case("unknown-is-rejected", "alpaca21", (0, 1, 2), "is rejected with"),
    Case("library-sends-again", "alpaca23", (0, 1, 2, 4), "was received again"),
    Case("gateway-says-no", "alpaca23", (0, 1, 2), "is rejected with"),
    Case("list-is-all", "alpacalist", (0, 1), "was halted"),
    Case("no-fence", "8", (0, 1, 3, 4, 6, 7), ", the lease is ("),
    Case("ack-before-append", "1", (0, 4, 8), "was acknowledged and is not in the log"),
    Case("any-age", "39", (4, 9), "was sent ten minutes late"),
    Case("winter-time", "40", (0, 5), "did not begin once"),
    Case("deaf-to-kill", "43", (1, 4), "the broker shows no working order after KILL"),
    Case("crossed-quotes", "44", (2, 5), "was approved while its price was crossed"),
    Case("no-probe", "12", (0, 1), "not quiet"),
    Case("signals-drop-the-oldest", "13", (0, 1), "SIGNALS dropped what it held"),
    Case("believes-the-clamp", "13log", (0, 1), "not quiet"),
    Case("logs-wait", "46", (0,), "not quiet"),
    Case("the-log-ends", "46disk", (0,), "the fault never struck"),
    Case("goes-on-without", "47", (0, 1), "goes on although it has no"),
    Case("reads-once", "49", (0,), "not quiet"),
    Case("any-build", "48", (0, 2), "were sent by a router of another build"),
)
