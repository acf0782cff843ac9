"""What happened to an account beside executions, among Alpaca's activities, as values of the port. Pure.

They have a date and no time, and one may come late, so a cursor names the day of the newest and every one that was told
of the days before it.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from hashlib import blake2s
from zoneinfo import ZoneInfo

from msgspec import Struct

from tradewire.domain.exact import ZERO
from tradewire.domain.quoting import quoted
from tradewire_router.brokers.alpaca.words import Json, amount, symbol_of, unreadable
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.values import MOVES_HOLDINGS, Activity, ActivityKind, Cursor

START: Cursor = "0"
"""The cursor before the first activity."""
DAYS_LATE = 14
"""By how many days an activity may come later than others of its date. What comes later yet is a difference in cash."""
_NEW_YORK = ZoneInfo("America/New_York")
_cursor = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})((?::[0-9a-f]{8})*)", re.ASCII).fullmatch
_KINDS: dict[str, ActivityKind] = {
    **dict.fromkeys(("DIV", "DIVCGL", "DIVCGS", "DIVROC", "DIVTXEX"), "dividend"),
    **dict.fromkeys(("DIVNRA", "DIVFT", "DIVTW", "DIVWH", "INTNRA", "INTTW", "WH"), "tax"),
    **dict.fromkeys(("INT", "INTPNL"), "interest"),
    **dict.fromkeys(("FEE", "CFEE", "PTC", "PTR"), "fee"),
    **dict.fromkeys(("ACATC", "ACATS", "JNL", "JNLC", "JNLS"), "transfer"),
    **dict.fromkeys(("SPLIT", "SSP"), "split"),
    **dict.fromkeys(("SPIN", "SSO"), "spin_off"),
    **dict.fromkeys(("MA", "REORG"), "merger"),
    "CSD": "deposit",
    "CSW": "withdrawal",
}


class Mark(Struct, frozen=True):
    """Where reading left off: the newest day, and by short names what was told of it and of the days before it."""

    day: date | None = None
    told: frozenset[str] = frozenset()

    @property
    def since(self) -> date | None:
        """The first day that is read again."""
        return None if self.day is None else self.day - timedelta(days=DAYS_LATE)


def mark_of(cursor: Cursor | None) -> Mark:
    """Reads a cursor.

    Raises:
        BrokerError: it is none of these.
    """
    if cursor is None or cursor == START:
        return Mark()
    parts = _cursor(cursor)
    try:
        if parts is not None:
            return Mark(date.fromisoformat(parts[1]), frozenset(filter(None, parts[2].split(":"))))
    except ValueError:
        pass
    raise BrokerError(f"cursor {quoted(cursor)} is none of Alpaca's activities", code="INVALID_CURSOR")


def mark_at(at: int) -> Mark:
    """The mark of whoever has been told everything up to a time (µs), and by what names that is not known."""
    return Mark(datetime.fromtimestamp(at / 1_000_000, _NEW_YORK).date())


def query_of(mark: Mark) -> dict[str, str]:
    """What is asked for, from some time before the first day that is read again."""
    after = {} if mark.since is None else {"after": f"{mark.since - timedelta(days=1)}T00:00:00Z"}
    return {"category": "non_trade_activity", **after}


def following(account: str, told: Iterable[Json], mark: Mark) -> tuple[list[Activity], Cursor]:
    """The activities that were not told up to a mark, oldest first, and the next cursor.

    Raises:
        BrokerError: one of them lacks what it must say.
    """
    stands = [each for each in told if each["activity_type"] != "FILL" and each.get("status") != "canceled"]
    days = {_short(each): _day(each) for each in stands}
    since = mark.since or date.min
    new = [each for each in stands if _short(each) not in mark.told and _day(each) >= since]
    new.sort(key=_day)
    newest = max([*days.values(), *filter(None, [mark.day])], default=None)
    if newest is None:
        return [], START
    again = newest - timedelta(days=DAYS_LATE)
    names = sorted(name for name, day in days.items() if day >= again)
    return [_activity(account, each) for each in new], ":".join([newest.isoformat(), *names])


def _activity(account: str, told: Json) -> Activity:
    what, cash, quantity = str(told["activity_type"]), amount(told, "net_amount") or ZERO, amount(told, "qty") or ZERO
    kind = _KINDS.get(what, "other")
    if what == "TRANS":
        kind = "deposit" if cash > 0 else "withdrawal"
    if kind == "dividend" and quantity and not cash:
        kind = "stock_dividend"
    # Beside cash, a quantity says for how many shares it was paid.
    moved = quantity if kind in MOVES_HOLDINGS or not cash else ZERO
    return Activity(
        account=account,
        activity=str(told["id"]),
        kind=kind,
        at=int(datetime.combine(_day(told), datetime.min.time(), _NEW_YORK).timestamp()) * 1_000_000,
        amount=cash,
        currency=str(told.get("currency") or "USD"),
        symbol=symbol_of(told),
        quantity=moved,
        price=amount(told, "price") if moved else None,
        text=str(told.get("description") or what),
    )


def _day(told: Json) -> date:
    try:
        return date.fromisoformat(str(told["date"]))
    except ValueError:
        raise unreadable("the date of an activity", told["date"]) from None


def _short(told: Json) -> str:
    return blake2s(str(told["id"]).encode(), digest_size=4).hexdigest()
