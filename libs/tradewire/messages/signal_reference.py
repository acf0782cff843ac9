"""The reference page of signals, written from the tables that the parser itself uses."""

from collections.abc import Iterable, Mapping
from typing import get_args

from tradewire.domain import money, times
from tradewire.messages.refusals import Code
from tradewire.messages.signal_fields import FIELDS, SIZE, STOP_LOSS, TAKE_PROFIT, TRAIL
from tradewire.messages.signal_readers import Field
from tradewire.messages.signal_rules import ACTIONS, PRICES
from tradewire.messages.signal_sizes import METHODS, MethodRule
from tradewire.messages.signal_support import ANY, NOT_YET, PARTS, NotYet
from tradewire.messages.strict_json import BODY_LIMIT, DEPTH_LIMIT, NUMBER_LIMIT
from tradewire.messages.vocabulary import TimeInForce

_TIMES_IN_FORCE: Mapping[str, str] = {
    "day": "works until the session ends",
    "gtc": "works until it is canceled",
    "ioc": "fills at once as far as it can, and the rest is canceled",
    "fok": "fills at once and whole, or not at all",
    "opg": "takes part in the opening auction",
    "cls": "takes part in the closing auction",
    "gtd": "works until `expire_at`",
}

_HEAD = f"""\
# Signals

*This page is generated from the code; `tests/unit/signal/test_reference.py` says how.*

A signal is one JSON object, published to `signals.<strategy>`. The subject names the strategy. The smallest one:

```json
{{"id": "momentum-2026-03-09-1", "symbol": "AAPL", "action": "buy", "quantity": 10}}
```

A message is either accepted whole or refused whole, with one code, the field, what is wrong and what would be right.
Nothing is guessed, rounded, converted or ignored. Whether a signal is too old, its symbol allowed or its account known
is decided later, by ingest and risk. A refusal is recorded as a `SignalRefused` event.
[Kinds of orders](../how-to/kinds-of-orders.md) shows exits, trailing stops, extended hours, new terms and the like.

## Values

- **number**: a JSON number or a decimal in double quotes, in plain ASCII digits: at most {money.INTEGER_DIGITS} before
  the point and {money.FRACTION_DIGITS} after it, no exponent, no thousands marks. `true` is no number.
- **time**: RFC 3339 with a zone, such as `"2026-03-09T14:30:00Z"` or `"2026-03-09T15:30:00.250+01:00"`, of the years
  {times.FIRST_YEAR} to {times.LAST_YEAR}, kept to the microsecond. Epoch numbers are refused.
- **word**: exactly as written here, in lower case.
- **null** is no value: leave the field out.
- **bytes**: UTF-8 without a byte order mark, at most {BODY_LIMIT} bytes and {DEPTH_LIMIT} levels deep, a number of at
  most {NUMBER_LIMIT} characters, each key once.
- **placeholders** such as `{{{{close}}}}` that an alert did not fill in are refused everywhere but in `extra`.
"""

_ACTION = """\
A `buy` or `sell` that says no size takes the one that its strategy has in the settings. Where there is none, and with
`reduce_only`, it is refused."""
_SIZES = """\
[How sizes are worked out](../explanation/sizing.md) has the formulas. A field that the method does not take is refused.
`custom:` and a name is the plug-in of that name, which takes every field."""


def signal_reference() -> str:
    """Returns `docs/reference/signal.md`."""
    sections = (
        _HEAD,
        _section("Fields", _fields(FIELDS, today=True)),
        _section("action", _actions(), _ACTION),
        _section("order_type", _order_types()),
        _section("time_in_force", _words("time_in_force", _TIMES_IN_FORCE, get_args(TimeInForce))),
        _section("size", _fields(SIZE) + "\n" + _size_methods(), _SIZES),
        _section("trail", _fields(TRAIL), "Exactly one of the two."),
        _section("stop_loss", _fields(STOP_LOSS), "Exactly one of `price`, `percent`, `amount` and `trail`."),
        _section("take_profit", _fields(TAKE_PROFIT), "In each entry exactly one of `price`, `percent` and `amount`."),
        _section(
            "Not supported yet", _not_yet(), "Well formed, and refused as `NOT_SUPPORTED_YET` until a service does it."
        ),
        _section(
            "Refusal codes",
            _codes(),
            "Codes are stable; words of messages may change. The first failure wins, in this order: bytes and JSON, "
            "placeholders, each field as sent, missing fields, fields together, support, account and id.",
        ),
    )
    return "\n".join(sections)


def _section(title: str, rows: str, lead: str = "") -> str:
    return "\n\n".join(filter(None, (f"## {title}", lead, rows)))


def _rows(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.split("|")
    lines = [columns, ["---"] * len(columns), *([*row] for row in rows)]
    return "".join(f"| {' | '.join(cell.strip() for cell in line)} |\n" for line in lines)


def _fields(rows: Mapping[str, Field], *, today: bool = False) -> str:
    head = "field | kind | needed | rule" + (" | today" if today else "")
    return _rows(
        head,
        (
            (f"`{row.name}`", row.kind, "yes" if row.example else "", row.rule, *([_today(row.name)] if today else []))
            for row in rows.values()
        ),
    )


def _today(field: str) -> str:
    if takers := [row for row in NOT_YET if field in row.takes]:
        return "; ".join(f"not yet{_where(row)}" for row in takers)
    rows: dict[str, list[str]] = {}
    for row in NOT_YET:
        if row.field.partition(".")[0] == field:
            rows.setdefault(_where(row), []).append(_which(row))
    said = (f"not yet{where}{': ' if any(which) else ''}{', '.join(which)}" for where, which in rows.items())
    return "; ".join(said) or "yes"


def _word_today(field: str, word: str) -> str:
    rows = [row for row in NOT_YET if row.field == field and row.value in {ANY, word}]
    return "; ".join(f"not yet{_where(row)}" for row in rows) or "yes"


def _where(row: NotYet) -> str:
    """Where a row holds, if not everywhere."""
    return (f" in {row.broker} accounts" if row.broker else "") + (f" with `{row.action}`" if row.action else "")


def _which(row: NotYet) -> str:
    """Which value, or which field inside, a row is about, if not any."""
    inside = row.field.partition(".")[2]
    word = inside if row.value == ANY else row.value
    return "" if not word else word if row.value == PARTS else f"`{word}`"


def _actions() -> str:
    return _rows(
        "word | what it does | says how much by | refuses | today",
        (
            (
                f"`{action}`",
                rule.meaning,
                " or ".join(f"`{size}`" for size in rule.sizes) or "nothing",
                ", ".join(f"`{field}`" for field in rule.refuses),
                _word_today("action", action),
            )
            for action, rule in ACTIONS.items()
        ),
    )


def _order_types() -> str:
    return _rows(
        "word | needs, and takes no other price | today",
        (
            (f"`{kind}`", " and ".join(f"`{price}`" for price in prices) or "nothing", _word_today("order_type", kind))
            for kind, prices in PRICES.items()
        ),
    )


def _size_methods() -> str:
    return _rows(
        "word | value | at most | takes | today",
        (
            (
                f"`{method}`",
                rule.meaning,
                "" if rule.largest is None else str(rule.largest),
                _taken(rule),
                _word_today("size.method", method),
            )
            for method, rule in METHODS.items()
        ),
    )


def _taken(rule: MethodRule) -> str:
    return ", ".join(f"`{field}`{' (needed)' if field in rule.needs else ''}" for field in rule.takes)


def _words(field: str, meanings: Mapping[str, str], words: Iterable[str]) -> str:
    return _rows("word | meaning | today", ((f"`{word}`", meanings[word], _word_today(field, word)) for word in words))


def _not_yet() -> str:
    return _rows(
        "field | value | where | meanwhile",
        (
            (
                f"`{row.field}`",
                {ANY: "any", PARTS: PARTS}.get(row.value, f"`{row.value}`"),
                _where(row).strip() or "everywhere",
                row.instead,
            )
            for row in NOT_YET
        ),
    )


def _codes() -> str:
    return _rows("code | meaning", ((f"`{code.value}`", code.__doc__ or "") for code in Code))
