"""Renders docs/reference/brokers.md from what the adapters declare: `python -m tradewire_router.brokers.reference`."""

from collections.abc import Callable, Sequence

from tradewire.domain.times import span_text
from tradewire.messages.bars import LENGTHS
from tradewire.settings import Router
from tradewire_router.brokers.base import Adapter
from tradewire_router.brokers.opening import adapter
from tradewire_router.brokers.options import OF_EVERY_BROKER
from tradewire_router.brokers.values import Capabilities, ConfigField

BROKERS = ("paper", "alpaca")
"""The brokers whose adapters come with the router, in the order of the page."""

_HEAD = """# Brokers

Generated from what the adapters declare by `python -m tradewire_router.brokers.reference`; do not edit.

An account names its broker in `accounts.NAME.broker`. What a broker does not support is refused by the name of the
field, before anything is sent; what only the broker knows, such as ticks and its hours, it says in its own words. The
contract suite (`tests/contract/brokers`) runs the same tests on all of them.
"""

_NOTES = """- *client order ids*: for how long the broker keeps two orders from having one.
- *kept when refused*: an order that the broker refuses can be found there afterwards.
- *reduce only*: where the broker lacks it, the checks before an order is sent are what holds it.
- *crosses zero*: one order may turn a long position into a short one. Where the broker lacks that, short sales or
  fractions, risk denies such an order (`FEATURE_UNSUPPORTED`) and says what to do: to turn a position, close it first.
- *one cancels the other*: both exits of a position that is held already. Adapters do it; no signal asks for it yet.
- *corrects executions*: it may also take them back, and fill what it has said to be over; all of that is booked.
- *what is no trade*: dividends, interest, fees, transfers, splits and the like are told, and booked as they are.
- *cash told to*: a difference in cash that is below this step is none, and one of a step or more is a break.
- *quotes by others*: it has no prices of its own, and trades on what is published on `quotes.<venue>.<symbol>`.
"""

_SETTINGS = """## Settings of {name}

Keys of `[{section}]`, for accounts with `broker = "{name}"`.

| key | what it is | default |
|---|---|---|
"""


_COMMON = """## Settings of every broker

Keys of `[accounts.NAME]`, for every account.

| key | what it is | default |
|---|---|---|
{fields}

How long the answer to an order is waited for is `router.call_timeout` ({wait}), and how many orders may be on their way
to the broker at once is `router.max_in_flight` ({most:,}), both in `[router]`, for every account.
"""


def _words(values: frozenset[str]) -> str:
    return ", ".join(sorted(values))


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _limits(can: Capabilities) -> str:
    return "; ".join(f"{limit.requests} in {limit.seconds} s" for limit in can.rate_limits) or "none"


def _at_once(can: Capabilities) -> str:
    return "-" if can.quotes == "none" else str(can.quotes_at_once or "any")


_ROWS: tuple[tuple[str, Callable[[Capabilities], str]], ...] = (
    ("asset classes", lambda can: _words(can.asset_classes)),
    ("order types", lambda can: _words(can.order_types)),
    ("times in force", lambda can: _words(can.times_in_force)),
    ("trailing by percent", lambda can: _yes(can.trailing_percent)),
    ("extended hours", lambda can: _yes(can.extended_hours)),
    ("fractions", lambda can: _yes(can.fractional)),
    ("amounts of money", lambda can: _yes(can.notional)),
    ("short sales", lambda can: _yes(can.short)),
    ("crosses zero", lambda can: _yes(can.cross_zero)),
    ("reduce only", lambda can: _yes(can.reduce_only)),
    ("post only", lambda can: _yes(can.post_only)),
    ("bracket", lambda can: _yes(can.native_bracket)),
    ("one cancels the other", lambda can: _yes(can.native_oco)),
    ("one triggers the other", lambda can: _yes(can.native_oto)),
    ("replacing", lambda can: {"in_place": "in place", "new_id": "as a new order", "none": "no"}[can.replace]),
    (
        "client order ids",
        lambda can: {"none": "not unique", "open_only": "while open", "forever": "for ever"}[can.id_uniqueness],
    ),
    ("kept when refused", lambda can: _yes(can.keeps_refused)),
    ("fills by", lambda can: {"push": "stream", "poll": "asking"}[can.fill_stream]),
    (
        "commission",
        lambda can: {"inline": "with the fill", "later": "apart from the fill", "modelled": "modelled"}[can.commission],
    ),
    ("corrects executions", lambda can: _yes(can.restates)),
    ("what is no trade", lambda can: _yes(can.activities)),
    ("cash told to", lambda can: f"{can.cash_step:f}" if can.cash_step else "the last digit"),
    ("quotes by", lambda can: {"stream": "stream", "poll": "asking", "none": "others"}[can.quotes]),
    ("symbols quoted at once", _at_once),
    ("bars", lambda can: ", ".join(each for each in LENGTHS if each in can.bars) or "no"),
    ("play money", lambda can: _yes(can.sandbox)),
    ("requests", _limits),
)


def render() -> str:
    """The page."""
    adapters = [adapter(name) for name in BROKERS]
    lines = [f"| | {' | '.join(BROKERS)} |", f"|---|{'---|' * len(BROKERS)}"]
    lines += [f"| {name} | {' | '.join(tell(one.capabilities) for one in adapters)} |" for name, tell in _ROWS]
    parts = [_HEAD, "\n".join(lines) + "\n", _NOTES, _common(), *map(_settings, adapters)]
    return "\n".join(parts)


def _common() -> str:
    fields, router = "\n".join(map(_field, OF_EVERY_BROKER)), Router()
    return _COMMON.format(fields=fields, wait=span_text(router.call_timeout), most=router.max_in_flight)


def _settings(one: type[Adapter]) -> str:
    return (
        _SETTINGS.format(name=one.id, section=one.section)
        + "\n".join(_field(field) for field in _listed(one.config_fields()))
        + "\n"
    )


def _listed(fields: Sequence[ConfigField]) -> list[ConfigField]:
    return [field for field in fields if not field.secret] + [field for field in fields if field.secret]


def _field(field: ConfigField) -> str:
    key = f"{field.name}_file" if field.secret else field.name
    label = (
        f"{field.label}: the file that holds it, else `{field.variable}` in the environment"
        if field.secret
        else field.label
    )
    choice = f": {' or '.join(field.options)}" if field.options else ""
    told = "; ".join(filter(None, (label + choice, field.help)))
    return f"| `{key}` | {told} | {'needed' if field.required else field.default or ''} |"


if __name__ == "__main__":
    print(render(), end="")  # noqa: T201 - a program that prints a page
