"""What would become of an order: the outcome, every check with the failed ones first, and what it rests on."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tradewire.messages.risk_queries import Checked
from tradewire_cli.views import orders as order_views
from tradewire_cli.views import plain, text, why

_STYLES = {"approved": "bold green", "held": "bold yellow", "denied": "bold red"}


def checked(found: Checked, width: int, now: int) -> RenderableType:
    """The whole decision. Nothing of it is in the log."""
    return Group(
        *_heading(found, now),
        Text(),
        why.every_check(sorted(found.checks, key=lambda check: check.passed), width),
        Text(),
        why.rests_on(found, found.pos),
        *_notes(found),
    )


def document(found: Checked) -> dict[str, Any]:
    """The decision for programs: each check by its names, and its margin."""
    known: dict[str, Any] = plain.builtins(found)
    known["checks"] = [
        {
            "check": check.name,
            "value": check.value,
            "limit": check.limit,
            "margin": None if (left := why.margin(check)) is None else why.trimmed(left),
            "passed": check.passed,
        }
        for check in found.checks
    ]
    return known


def _heading(found: Checked, now: int) -> Iterator[Text]:
    much = "" if found.quantity is None else f" {text.quantity(found.quantity)}"
    yield Text.assemble(
        order_views.side(found.side or found.action),
        f"{much} {found.symbol} in {found.account} for {found.strategy} would be ",
        (found.outcome, _STYLES[found.outcome]),
        " now",
    )
    if found.outcome == "denied":
        yield Text(f"{found.reason}: {found.message}")
    elif found.until is not None:
        limit = "a person must approve it" if found.outcome == "held" else "the approval would hold"
        yield Text(f"{limit} until {text.short_time(found.until, now)}")
    if found.value is not None:
        cost = "" if found.cost is None else f", taking {text.money(found.cost)} of what there is to buy with"
        price = f" at {text.price(found.price)}" if found.price is not None else ""
        yield Text(f"it would count as {text.money(found.value)} {found.currency}{price}{cost}")


def _notes(found: Checked) -> Iterator[Text]:
    for note in found.notes:
        yield Text(note, "yellow")
