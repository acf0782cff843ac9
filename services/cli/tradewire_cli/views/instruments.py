"""Instruments and bars as tables."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from tradewire.messages.account_events import Bar, InstrumentReported
from tradewire.messages.answers import InstrumentRules
from tradewire_cli.views import text
from tradewire_cli.views.columns import Column, table


def instruments(rows: Sequence[InstrumentRules], width: int, now: int) -> Table:
    """The table of some instruments, with what each order in them must fit."""
    columns: list[Column[InstrumentRules]] = [
        Column("account", lambda i: i.rules.account, rank=2),
        Column("symbol", lambda i: Text(i.rules.symbol, "bold")),
        Column("name", lambda i: i.rules.name, rank=6),
        Column("is", lambda i: i.rules.asset_class),
        Column("in", lambda i: i.rules.currency, rank=1),
        Column("tick", lambda i: text.price(i.rules.tick), right=True, rank=1),
        Column("lot", lambda i: text.quantity(i.rules.step), right=True, rank=1),
        Column("least", lambda i: text.quantity(i.rules.min_quantity), right=True, rank=3),
        Column("times", lambda i: text.quantity(i.rules.multiplier), right=True, rank=5),
        Column("expires", lambda i: i.rules.expiry, rank=5),
        Column("short", lambda i: _short(i.rules), rank=4),
        Column("now", lambda i: _state(i.rules)),
        Column("told", lambda i: text.short_time(i.rules.at, now), rank=3),
        Column("also called", lambda i: " ".join(sorted({n for names in i.aliases.values() for n in names})), rank=7),
    ]
    return table(rows, columns, width)


def bars(rows: Sequence[Bar], width: int, now: int) -> Table:
    """The table of some bars."""
    columns: list[Column[Bar]] = [
        Column("begins", lambda bar: text.short_time(bar.at, now)),
        Column("open", lambda bar: text.price(bar.open), right=True),
        Column("high", lambda bar: text.price(bar.high), right=True),
        Column("low", lambda bar: text.price(bar.low), right=True),
        Column("close", lambda bar: text.price(bar.close), right=True),
        Column("volume", lambda bar: text.quantity(bar.volume) if bar.volume else "", right=True, rank=1),
    ]
    return table(rows, columns, width)


def _short(rules: InstrumentReported) -> str:
    if not rules.shortable:
        return "no"
    return "yes" if rules.easy_to_borrow else "hard to borrow"


def _state(rules: InstrumentReported) -> Text:
    if rules.halted:
        return Text("halted", "red")
    return Text("tradable", "green") if rules.tradable else Text("not tradable", "red")
