"""Renders docs/reference/risk-checks.md from the tables that the code runs on: `python -m tradewire_risk.reference`."""

from tradewire.domain.limits import EVERYWHERE, KINDS, LIFTED
from tradewire.settings import Risk
from tradewire_risk.domain.checks import CHECKS
from tradewire_risk.domain.holding import must_hold
from tradewire_risk.domain.marks import due_by_time
from tradewire_risk.domain.prices import PAR, reference, worst_price
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.settings import limit_texts

_HEAD = """# Risk checks

Generated from the code by `python -m tradewire_risk.reference`; do not edit.

Every check runs on every order that is requested, whatever fails. The decision (`OrderApproved`, `OrderDenied` or
`OrderHeld`) lists in `checks` each that measured something as `[name, value, limit, passed]`, where `null` means that
an input is missing, which fails the check, and names in `quiet` those that passed with nothing to measure. The reason
of a denial is that of the first failed check in the order of this table. A limit is a value that may be reached: what
is equal to it passes.
"""

_PRICES = """## Prices

{reference}

{worst}

Values are in the account's currency. What is paid in another currency needs a quote of the pair, such as `EUR/USD`;
while nobody quotes them, paper accounts take {par} at par.
"""

_EXITS = """## Exits

An order is a verified exit when it is a `close`, a `reduce` or `reduce_only`, or a `target` that only makes the
position smaller, and no larger than what the account holds and is not yet closing. Exits pass the checks marked *pass*
in any case. All other checks hold for them too; of those, `qty_max` and `val_max` let a verified exit be as large as
what it closes, and `position` lets every order pass that makes a position smaller and does not turn it, because
otherwise what grew beyond a limit could not be closed.
"""

_LIMITS = """## Limits

Limits are events (`LimitSet`) of the scopes `global`, `broker.<name>`, `account.<name>`, `strategy.<name>` and
`symbol.<symbol>`. Of all scopes that an order lies in, the tightest value holds. The section `[risk]` of the
configuration is the scope `global`: a limit whose text there has changed since it was last recorded is set, and the
others stay as people set them. Where an account is live, the configuration loosens none by itself. A limit that cannot
be read denies every order in its scope (`LIMITS_INVALID`); a limit that is not set denies by its own check. The text
`none` lifts a limit by name, where the table says so; a list that is empty lists nothing.

Percentages of exposure, concentration and loss are of the account's equity, and `max_drawdown` is of its highest within
`drawdown_window`. The table says in which scopes a limit means something; in others it is refused. Of the account's own
orders a day `max_orders_per_day` counts only what `global`, `broker` and `account` set. The defaults are those of paper
accounts; a live account starts only when each limit is written in the configuration.

`max_daily_loss`, `max_daily_loss_percent` and `max_drawdown` of the scope `strategy.<name>` are measured on what that
strategy itself has won and lost in the account, by its own executions; the account's limits hold beside them. The
percentages are of the account: `max_daily_loss_percent` of the equity with which its day began, and `max_drawdown` says
how far the strategy's result may lie below its highest, in percent of the account's highest equity, both within the
longest `drawdown_window` of the scopes. Where a strategy's scope sets none of them, nothing is measured.
"""

_HOLDS = """## Orders that need a person

{holds}

A held order is decided anew when a person grants it: every check runs again, at the prices of then. It lapses after
`approval_deadline`.
"""

_MARKS = """## Marks and trips

{marks}

A trip of an account records the marks and throws its switch, once a trading day and reason, unless it stands as high
already: to `REDUCE_ONLY` for `max_daily_loss` and `max_daily_loss_percent`, to `HALT` for `max_drawdown`. Where the
scope of a strategy sets these, its own losses throw the strategy's switch to the same levels. A strategy that was
executed `max_repeated_executions` times in one symbol and side within `repeated_execution_window` is `PAUSED`. After a
step of the ledger's clock of more than two seconds live accounts stand at `REDUCE_ONLY`. A person resumes each. A
decision measures the loss at the last marks that the log holds.

Above `soft_limit` percent of a limit that an account uses, a `LimitWarning` is recorded, once a trading day.
"""


def render() -> str:
    """The page."""
    return "\n".join([_HEAD, _checks(), _lapses(), _prices(), _EXITS, _LIMITS, _limits(), _holds(), _marks()])


def _checks() -> str:
    rows = ["| # | check | passes when | limit | exits | reason | FIX 103 |", "|---|---|---|---|---|---|---|"]
    for number, check in enumerate(CHECKS, 1):
        limits = ", ".join(f"`{name}`" for name in check.limits)
        exits = "pass" if check.exits_pass else ""
        says = _first_line(check.run.__doc__)
        rows.append(
            f"| {number} | `{check.name}` | {says} | {limits} | {exits} | `{check.reason.value}` | {check.reason.fix} |"
        )
    rows += ["", "## Reasons", "", "| reason | FIX 103 | meaning |", "|---|---|---|"]
    rows += [f"| `{reason.value}` | {reason.fix} | {reason.__doc__} |" for reason in Reason]
    return "\n".join(rows) + "\n"


def _lapses() -> str:
    used = {check.reason for check in CHECKS}
    left = ", ".join(f"`{reason.value}`" for reason in Reason if reason not in used)
    return f"{left} are reasons of `OrderLapsed`; all others are of `OrderDenied`.\n"


def _prices() -> str:
    par = " and ".join(f"{coin} for {currency}" for coin, currency in PAR.items())
    text = _PRICES.replace("{reference}", _lines(reference.__doc__)).replace("{worst}", _lines(worst_price.__doc__))
    return text.replace("{par}", par)


def _limits() -> str:
    defaults = limit_texts(Risk())
    rows = ["| limit | default | tighter is | lifted by | scopes |", "|---|---|---|---|---|"]
    for name, kind in KINDS.items():
        default = f"`{defaults[name]}`" if defaults[name] else "empty"
        lift = {LIFTED: f"`{LIFTED}`", "": "an empty list", None: "nothing"}[kind.lift]
        scopes = "all" if kind.scopes == EVERYWHERE else ", ".join(f"`{scope}`" for scope in kind.scopes)
        rows.append(f"| `{name}` | {default} | {kind.words} | {lift} | {scopes} |")
    return "\n".join(rows) + "\n"


def _marks() -> str:
    return _MARKS.replace("{marks}", _lines(due_by_time.__doc__))


def _holds() -> str:
    return _HOLDS.replace("{holds}", _lines((must_hold.__doc__ or "").partition("\n")[2]))


def _first_line(text: str | None) -> str:
    return (text or "").strip().splitlines()[0].removesuffix(".")


def _lines(text: str | None) -> str:
    return "\n".join(line.strip() for line in (text or "").strip().splitlines())


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - its output is the page
