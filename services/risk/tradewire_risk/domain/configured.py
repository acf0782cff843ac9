"""The limits of the configuration as an event."""

from tradewire import ids
from tradewire.domain.switches import GLOBAL, limits_stream
from tradewire.messages.account_events import LimitSet
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_risk.domain.state import CONFIGURATION, RiskState


def due_limits(state: RiskState, texts: dict[str, str], now: int) -> Command | None:
    """Sets the limits of the scope `global` when the configuration says something else than it said last.

    What people have set since then stays: a restart with the same configuration must not undo it.
    """
    if state.configured == texts:
        return None
    stream = limits_stream(GLOBAL)
    held = state.controls.limits.get(GLOBAL)
    version = (held.version if held else 0) + 1
    data = LimitSet(
        scope=GLOBAL,
        limits=texts,
        old=held.limits if held else {},
        by=CONFIGURATION,
        reason="the configuration's limits changed" if held else "the configuration's first limits",
    )
    event_id = ids.command_uuid(f"{CONFIGURATION} {GLOBAL} {version}", "LimitSet")
    return Command((new_event(stream, version, event_id, data, time=now, correlation=None),))
