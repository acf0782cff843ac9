"""From the bytes of a message to a `Signal`, or to the one reason why it is none.

Order of the checks, the first failure wins: bytes, JSON, unexpanded templates, each field in the order it was sent,
fields that are missing, and last what the fields say together (`signal_rules`). Only syntax and coherence are judged;
age, allowed symbols, accounts and positions are for those who know them.
"""

import re
from decimal import Decimal
from typing import Any

from tradewire.domain import names
from tradewire.domain.quoting import quoted
from tradewire.domain.symbols import Symbols
from tradewire.errors import InvalidValue
from tradewire.messages import signal_rules
from tradewire.messages.default_size import DefaultSize, fill_size
from tradewire.messages.refusals import Code, SignalInvalid, adopted, refused
from tradewire.messages.signal import Signal, TakeProfit
from tradewire.messages.signal_fields import FIELDS, HINTS
from tradewire.messages.signal_readers import key_shown, read_fields
from tradewire.messages.strict_json import JsonInvalid, JsonValue, parse_object

_template = re.compile(r"\{\{.*?\}\}|\{\{", re.DOTALL).search
_REAL_VALUE = "the value itself; the alert's sender did not fill the placeholder in"


def parse_signal(
    strategy: str, body: bytes, default: DefaultSize | None = None, symbols: Symbols | None = None
) -> Signal:
    """Returns the signal that a strategy published; `strategy` is the last token of the subject.

    An entry that says no size takes the `default`, as if it had been sent with it. `symbols` says what the strategy
    calls a symbol, where that is not what we call it.

    Raises:
        SignalInvalid: whatever else the bytes are.
    """
    try:
        names.name(strategy)
    except InvalidValue as error:
        raise adopted("strategy", error) from None
    try:
        given = parse_object(body)
    except JsonInvalid as error:
        raise _no_object(body, error) from None
    if b"{{" in body or b"\\u007" in body:
        _refuse_templates("", {key: value for key, value in given.items() if key != "extra"})
    if symbols is not None and isinstance(named := given.get("symbol"), str):
        given["symbol"] = _symbol(symbols, named)
    values = read_fields(FIELDS, given, hints=HINTS)
    values.pop("schema", None)
    if "take_profit" in values:
        values["take_profit"] = _parts(values["take_profit"])
    fill_size(values, default)
    signal = Signal(strategy=strategy, **values)
    signal_rules.check(signal, values.keys())
    return signal


def _symbol(symbols: Symbols, named: str) -> str:
    try:
        return symbols.read(named)
    except InvalidValue as error:
        raise adopted("symbol", error) from None


def _no_object(body: bytes, error: JsonInvalid) -> SignalInvalid:
    """A placeholder outside quotes breaks the JSON; then it is the placeholder that is named."""
    if error.code == Code.JSON_MALFORMED and error.position is not None:
        text = body.decode()
        found = _template(text, max(0, text.rfind("{{", 0, error.position + 2)))
        if found and found.start() <= error.position <= found.end():
            return refused(Code.TEMPLATE_UNEXPANDED, "body", f"holds {quoted(found[0])}", _REAL_VALUE)
    return adopted("body", error)


def _refuse_templates(path: str, value: JsonValue) -> None:
    if isinstance(value, str):
        if found := _template(value):
            raise refused(Code.TEMPLATE_UNEXPANDED, path, f"holds {quoted(found[0])}", _REAL_VALUE)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _refuse_templates(f"{path}[{n}]", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_templates("body", key)
            _refuse_templates(f"{path}.{key_shown(key)}" if path else key_shown(key), item)


def _parts(targets: tuple[dict[str, Any], ...]) -> tuple[TakeProfit, ...]:
    """A lone target is the whole position; of several, each must say its part."""
    if len(targets) == 1:
        return (TakeProfit(**{"part": Decimal(1), **targets[0]}),)
    for n, target in enumerate(targets):
        if "part" not in target:
            raise refused(
                Code.FIELD_MISSING, f"take_profit[{n}].part", "is missing", "a part for each of several targets"
            )
    return tuple(TakeProfit(**target) for target in targets)
