"""The steps of a trial on a terminal, each as it ends."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from tradewire_cli.trial.step import STEPS, Step

_STYLES: Final = {"ok": "green", "failed": "bold red", "unknown": "bold magenta", "n/a": "dim"}
_SHOWN: Final = {"n/a": "not applicable"}
_NAMES: Final = max(map(len, STEPS))
_RESULTS: Final = max(len(_SHOWN.get(result, result)) for result in _STYLES)


def tell(out: Console, step: Step) -> None:
    """One step; what is found goes on under itself where the terminal is narrow."""
    shown = _SHOWN.get(step.result, step.result)
    head = Text.assemble((step.step.ljust(_NAMES), "bold"), "  ", (shown.ljust(_RESULTS), _STYLES[step.result]), "  ")
    found = Text(step.found, "dim" if step.result == "n/a" else "")
    if step.fix:
        found.append(f"\n→ {step.fix}", _STYLES[step.result])
    lines = found.wrap(out, max(out.width - head.cell_len, 24))
    for number, line in enumerate(lines):
        line.rstrip()
        out.print(Text.assemble(head if number == 0 else " " * head.cell_len, line), soft_wrap=True)


def verdict(account: str, steps: Sequence[Step], missing: Sequence[str], order: str) -> Text:
    """What it comes to, in a line."""
    counts = Counter(_SHOWN.get(step.result, step.result) for step in steps)
    words = ", ".join(
        f"{counts[shown]} {shown}" for shown in ("ok", "failed", "unknown", "not applicable") if counts[shown]
    )
    if missing:
        words += f", not reached: {', '.join(missing)}"
    bad = next((result for result in ("failed", "unknown") if counts[result]), "unknown" if missing else "ok")
    more = f"; `tradewire why {order[:8]}` has it all" if order else ""
    return Text(f"{account}: {words}{more}", _STYLES[bad])
