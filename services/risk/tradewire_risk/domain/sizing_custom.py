"""Sizes that a plug-in works out. Whatever it does, risk goes on: an answer that is no quantity is no order."""

import json
from decimal import (
    ROUND_DOWN,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Any

from tradewire.domain.exact import ZERO
from tradewire.domain.money import FRACTION_DIGITS, INTEGER_DIGITS, round_down
from tradewire.domain.sizing import SizingFacts, SizingResult
from tradewire.messages.signal import CUSTOM
from tradewire_risk.domain.sizing_figures import CannotSize, Figures

MOST_ENTRIES, MOST_CHARACTERS = 32, 100
"""Of a plug-in's working, because all of it is kept in the log."""
_WORDS_SHOWN = 200
_SHORT = Context(prec=40, rounding=ROUND_DOWN)
_THEIRS = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""In which plug-ins calculate, whatever anybody has made of the thread's own: Python's default."""


def by_plug_in(method: str, value: Decimal, f: Figures) -> Decimal:
    """Returns what a plug-in answers, rounded down, and notes its working.

    Raises:
        CannotSize: there is no such plug-in, it failed, or its answer is no quantity from zero up with texts.
    """
    name = method.removeprefix(CUSTOM)
    sizer = f.known.sizers.get(name)
    if sizer is None:
        raise CannotSize(f"no plug-in {name} is loaded; install a package that names it in tradewire.sizing")
    f.note_text("plug-in", name)
    f.note("value", value)
    told = facts(value, f)
    try:
        with localcontext(_THEIRS):
            answer: Any = sizer(told)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is foreign code
        raise CannotSize(f"the plug-in {name} failed: {said(error)}") from None
    if not isinstance(answer, SizingResult):
        raise CannotSize(f"the plug-in {name} answered {_kind(answer)} where a SizingResult is due")
    for entry, text in _working(name, answer.working):
        f.note_text(entry, text)
    return round_down(f.note("answer", _quantity(name, answer.quantity)), f.step)


def facts(value: Decimal, f: Figures) -> SizingFacts:
    """What a plug-in is told of an order."""
    order, known = f.order, f.known
    return SizingFacts(
        strategy=order.strategy,
        account=order.account,
        currency=known.profile.currency if known.profile else "",
        symbol=order.symbol,
        action=order.action,
        side=f.side,
        value=value,
        terms=f.terms,
        price=known.price(),
        rate=known.rate_of(order.symbol),
        equity=known.equity(),
        unrealized=known.unrealized(),
        position=known.position,
        buys=known.exposure.buys,
        sells=known.exposure.sells,
        step=f.step,
        bars=known.bars(),
        now=known.now,
    )


def _quantity(name: str, quantity: Any) -> Decimal:
    if not isinstance(quantity, Decimal):
        raise CannotSize(f"the plug-in {name} answered {_kind(quantity)} where a Decimal is due")
    if not quantity.is_finite():
        raise CannotSize(f"the plug-in {name} answered what is no finite number")
    if quantity < 0:
        raise CannotSize(f"the plug-in {name} answered a quantity below zero")
    if quantity.adjusted() >= INTEGER_DIGITS:
        raise CannotSize(f"the plug-in {name} answered a quantity of more than {INTEGER_DIGITS} digits")
    if not quantity or quantity.adjusted() < -FRACTION_DIGITS:
        return ZERO
    return _SHORT.plus(quantity)


def _working(name: str, working: Any) -> list[tuple[str, str]]:
    """A plug-in's working, if it is what the log can keep."""
    if not isinstance(working, list | tuple) or len(working) > MOST_ENTRIES:
        raise CannotSize(f"the working of the plug-in {name} is no tuple of at most {MOST_ENTRIES} names with texts")
    entries = []
    for entry in working:
        if not isinstance(entry, list | tuple) or len(entry) != 2 or not all(map(_is_text, entry)):
            right = f"a name and a text of at most {MOST_CHARACTERS} printable characters"
            raise CannotSize(f"the working of the plug-in {name} has an entry that is not {right}")
        entries.append((entry[0], entry[1]))
    return entries


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MOST_CHARACTERS and value.isprintable()


def _kind(value: Any) -> str:
    return f"an object of type {type(value).__name__}"


def said(error: BaseException) -> str:
    """A plug-in's exception in one line of ASCII, whatever its own text does."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - it is the plug-in's exception, and its code
        text = ""
    return f"{type(error).__name__} {json.dumps(text[:_WORDS_SHOWN])}" if text else type(error).__name__
