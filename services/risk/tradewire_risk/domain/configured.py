"""The limits of the configuration as events: what it says anew, as far as it may say it alone.

What the configuration said last is in the log, so a restart, or another instance with the same configuration, changes
nothing. Only limits whose texts have changed since then are set; the others stay as people have set them.
"""

from msgspec import Struct

from tradewire import ids
from tradewire.domain.limit_terms import Changes, Terms, changed, events_of, terms_of
from tradewire.domain.limits import loosens
from tradewire.domain.switches import GLOBAL, Limits, limits_stream
from tradewire.messages.account_events import LimitSet
from tradewire.messages.log import Command
from tradewire.messages.registry import new_event
from tradewire_risk.domain.state import CONFIGURATION, RiskState


class _Verdict(Struct, frozen=True):
    """Of what the configuration says anew: what is set, what is not, and what it is on record to have said then."""

    changes: Changes
    refused: dict[str, str]
    said: dict[str, str]


def due_limits(state: RiskState, texts: dict[str, str], now: int) -> Command | None:
    """Sets the limits of the scope `global` that the configuration says otherwise than it said last."""
    verdict = _judge(state, texts, now)
    if verdict is None or verdict.said == state.configured:
        return None
    held = state.controls.limits.get(GLOBAL, Limits())
    after = _after(terms_of(held, now), verdict.changes)
    first = LimitSet(
        scope=GLOBAL,
        limits={},
        old={},
        by=CONFIGURATION,
        reason="[risk] has changed" if held.version else "first start",
        configured=None if verdict.said == after.base == after.in_force else verdict.said,
    )
    version = held.version + 1
    request = f"{CONFIGURATION} {GLOBAL} {version}"
    events = (
        new_event(
            limits_stream(GLOBAL),
            version + ordinal,
            ids.command_uuid(request, "LimitSet", ordinal),
            data,
            time=now,
            correlation=None,
        )
        for ordinal, data in enumerate(events_of(first, held, after))
    )
    return Command(tuple(events))


def refused_limits(state: RiskState, texts: dict[str, str], now: int) -> str:
    """What the configuration says and may not set alone, in words; nothing where it has its way.

    Where a live account is, it loosens no limit: that takes a second person, or an end.
    """
    verdict = _judge(state, texts, now)
    if verdict is None or not verdict.refused:
        return ""
    held = terms_of(state.controls.limits.get(GLOBAL, Limits()), now).base
    told = ", ".join(f"{name} {text} instead of {held.get(name)}" for name, text in verdict.refused.items())
    changes = " ".join(f"{name}={text}" for name, text in verdict.refused.items())
    return (
        f"the configuration would let more pass with real money, so it is not in force: {told}. A second person, or an "
        f"end (--until), is needed: tradewire limits set global {changes}"
    )


def _judge(state: RiskState, texts: dict[str, str], now: int) -> _Verdict | None:
    """Nothing where the configuration says what it said last."""
    if state.configured == texts:
        return None
    said = dict(state.configured or {})
    base = terms_of(state.controls.limits.get(GLOBAL, Limits()), now).base
    live = any(profile.live for profile in state.setup.accounts.values())
    changes: Changes = {name: None for name in said if name not in texts}
    refused: dict[str, str] = {}
    for name, text in texts.items():
        before = said.get(name)
        if text == before:
            continue
        if loosens(name, base.get(name), text):
            if not loosens(name, before, text):
                said[name] = text  # it has become stricter, and what people have set is stricter still
                continue
            if live:
                refused[name] = text
                continue
        changes[name] = said[name] = text
    return _Verdict(changes, refused, {name: text for name, text in said.items() if name in texts})


def _after(before: Terms, changes: Changes) -> Terms:
    """What is temporary stays where it is the stricter."""
    over: Changes = {
        name: text for name, text in before.over.items() if name not in changes or loosens(name, text, changes[name])
    }
    return Terms(changed(before.base, changes), over, before.until if over else None)
