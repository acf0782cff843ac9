"""The sizes that risk works out: what each method means, what it goes by, and what a size must say together."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from tradewire.domain import names
from tradewire.domain.money import plain
from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.refusals import Code, adopted, refused
from tradewire.messages.signal import CUSTOM, Signal, Size, SizeMethod
from tradewire.messages.signal_readers import text, word
from tradewire.messages.strict_json import JsonValue
from tradewire.messages.vocabulary import SizeTerms

STOPS = ("stop", "stop_distance", "stop_percent")
CAPS = ("max_percent", "max_notional", "max_quantity")
KELLY_SHARE = Decimal("0.5")
"""The share of Kelly's fraction when the signal gives none."""


class MethodRule(Struct, frozen=True):
    """What a method means, the largest value that has a meaning, the other fields that it takes, and those it needs.

    `entries` marks a method that opens positions and cannot say how much of one to close.
    """

    meaning: str
    largest: Decimal | None = None
    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    entries: bool = False


METHODS: Mapping[str, MethodRule] = {
    "percent_of_equity": MethodRule(
        "percent of the account's equity, without gains and losses that are not realized", takes=CAPS
    ),
    "percent_of_position": MethodRule("percent of the position; for exits only", Decimal(100)),
    "risk_amount": MethodRule(
        "money lost at the stop, which one of the three says", takes=(*STOPS, *CAPS), entries=True
    ),
    "risk_percent": MethodRule(
        "percent of equity lost at the stop, which one of the three says",
        Decimal(100),
        takes=(*STOPS, *CAPS),
        entries=True,
    ),
    "volatility": MethodRule(
        "percent of equity lost when the price moves by `multiple` average true ranges of 14 days",
        Decimal(100),
        takes=("multiple", *CAPS),
        needs=("multiple",),
        entries=True,
    ),
    "kelly": MethodRule(
        f"share of Kelly's fraction of equity; {KELLY_SHARE} if left out",
        Decimal(1),
        takes=("win_rate", "payoff", *CAPS),
        entries=True,
    ),
}
_PLUG_IN = MethodRule("what the plug-in makes of it", takes=SizeTerms.__struct_fields__)

QUANTITY_TYPES: Mapping[str, str] = {
    "fixed_quantity": "quantity",
    "dollar_amount": "notional",
    "amount_per_position": "notional",
    "risk_dollar_amount": "risk_amount",
    "risk_per_position": "risk_amount",
    "risk_percent": "risk_percent",
    "percent_of_equity": "percent_of_equity",
    "percent_of_position": "percent_of_position",
}
"""TradersPost's quantity types, the older names too, and the method or the signal's field that means the same."""

_known_word = word(SizeMethod, {name: meant for name, meant in QUANTITY_TYPES.items() if meant in METHODS})


def method(path: str, value: JsonValue) -> str:
    """Reads a method's name: one of SizeMethod, or `custom:` and a plug-in's name."""
    given = text(path, value)
    if given.startswith(CUSTOM):
        try:
            return CUSTOM + names.name(given.removeprefix(CUSTOM))
        except InvalidValue as error:
            raise adopted(path, error) from None
    field = QUANTITY_TYPES.get(given, given)
    if field in {"quantity", "notional"}:
        problem = f"{quoted(given)} is not one of its words"
        raise refused(Code.WORD_UNKNOWN, path, problem, f"the field {field} instead of size")
    known: str = _known_word(path, value)
    return known


def build(**given: Any) -> Size:
    """Returns the size with these fields; Kelly's share is a half if left out.

    Raises:
        SignalInvalid: FIELD_MISSING, for the value of any other method.
    """
    if "value" not in given:
        if given["method"] != "kelly":
            raise refused(Code.FIELD_MISSING, "size.value", "is missing", 'such as "value": 5')
        given["value"] = KELLY_SHARE
    return Size(**given)


def check(signal: Signal) -> None:
    """Passes a size that is coherent, alone and with the signal's action.

    Raises:
        SignalInvalid: for the first rule that is broken.
    """
    size = signal.size
    if size is None:
        return
    rule = rule_of(size.method)
    if rule.largest is not None and size.value > rule.largest:
        problem = f"{plain(size.value)} is too large"
        raise refused(Code.NUMBER_OUT_OF_RANGE, "size.value", problem, f"at most {rule.largest}")
    for field in SizeTerms.__struct_fields__:
        if getattr(size, field) is not None and field not in rule.takes:
            right = f"no {field}, or another method"
            raise refused(Code.FIELD_NOT_ALLOWED, f"size.{field}", f"means nothing with method {size.method}", right)
    for field in rule.needs:
        if getattr(size, field) is None:
            raise refused(Code.FIELD_MISSING, f"size.{field}", "is missing", f"{field} with method {size.method}")
    stops = [field for field in STOPS if getattr(size, field) is not None]
    if len(stops) > 1:
        right = f"exactly one of {' or '.join(STOPS)}"
        raise refused(Code.FIELD_CONFLICT, f"size.{stops[1]}", f"is given besides {stops[0]}", right)
    if size.method in {"risk_amount", "risk_percent"} and not stops and signal.stop_loss is None:
        right = f"{', '.join(STOPS[:-1])} or {STOPS[-1]}, which {size.method} measures the risk by"
        raise refused(Code.FIELD_MISSING, "size.stop", "is missing", right)
    if (size.win_rate is None) != (size.payoff is None):
        given, missing = ("win_rate", "payoff") if size.payoff is None else ("payoff", "win_rate")
        raise refused(Code.FIELD_MISSING, f"size.{missing}", "is missing", f"{missing} beside {given}")
    _check_action(signal, size, rule)


def rule_of(name: str) -> MethodRule:
    """The rule of a method; a plug-in takes every field and says itself what it needs."""
    return METHODS.get(name, _PLUG_IN)


def _check_action(signal: Signal, size: Size, rule: MethodRule) -> None:
    exit_ = signal.reduce_only or signal.action == "reduce"
    if size.method == "percent_of_position" and not exit_:
        right = "action reduce, or reduce_only true"
        raise refused(Code.SIZE_NOT_ALLOWED, "size.method", f"{size.method} is for exits", right)
    if rule.entries and exit_:
        right = "action buy or sell without reduce_only, or percent_of_position"
        raise refused(Code.SIZE_NOT_ALLOWED, "size.method", f"{size.method} is for entries", right)
