"""Account activities: FILL of every execution, and what moved without a trade; newest first, by pages."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid5

from tests.twins.alpaca.account import ACCOUNT_ID
from tests.twins.alpaca.errors import invalid
from tests.twins.alpaca.money import ZERO, text
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.reference import moment, stamp
from tests.twins.alpaca.state import SPACE, Execution, Position, State

PAGE_SIZE = 100
KINDS = frozenset({
    "FILL", "ACATC", "ACATS", "CFEE", "CIL", "CSD", "CSW", "DIV", "DIVCGL", "DIVCGS", "DIVNRA", "DIVROC", "DIVTXEX",
    "DIVWH", "EXTRD", "FEE", "FXTRD", "INT", "INTPNL", "JNL", "JNLC", "JNLS", "MA", "MEM", "NC", "OCT", "OPASN",
    "OPCSH", "OPEXC", "OPEXP", "OPTRD", "PTC", "REORG", "SC", "SPIN", "SPLIT", "SSO", "SSP", "SWP", "VOF", "WH",
    "TRANS", "MISC",
})  # fmt: skip


def non_trade(
    state: State,
    kind: str,
    at: int,
    *,
    net_amount: Decimal = ZERO,
    symbol: str | None = None,
    qty: Decimal | None = None,
    **more: object,
) -> dict[str, Any]:
    """Books a dividend, fee, transfer, split or the like, and gives the activity."""
    state.cash += net_amount
    if symbol is not None and qty is not None and not net_amount:
        state.positions.setdefault(symbol, Position(asset=state.assets[symbol])).qty += qty
    day = moment(at).date()
    number = state.next()
    activity: dict[str, Any] = {
        "id": f"{day:%Y%m%d}000000000::{uuid5(SPACE, f'activity:{number}')}",
        "account_id": ACCOUNT_ID,
        "activity_type": kind,
        "date": day.isoformat(),
        "net_amount": text(net_amount),
        "description": "",
        "status": "executed",
        **({} if symbol is None else {"symbol": symbol}),
        **({} if qty is None else {"qty": text(qty)}),
        **more,
    }
    state.activities.append({"number": number, "at": at, "told": activity})
    return activity


def _fill(options: Options, done: Execution, status: str) -> dict[str, Any]:
    here = moment(done.at)
    other = str(uuid5(SPACE, f"activity of {done.id}"))
    uid = done.id if options.activity_id == "execution" else other
    return {
        "id": f"{here:%Y%m%d%H%M%S}{here.microsecond // 1000:03d}::{uid}",
        "account_id": ACCOUNT_ID,
        "activity_type": "FILL",
        "transaction_time": stamp(done.at),
        "type": done.kind,
        "price": text(done.price),
        "qty": text(done.qty),
        "side": done.side,
        "symbol": done.symbol,
        "leaves_qty": text(done.leaves_qty),
        "order_id": done.order_id,
        "cum_qty": text(done.cum_qty),
        "order_status": status,
    }


def listed(state: State, options: Options, kinds: set[str], query: dict[str, str]) -> list[dict[str, Any]]:
    """GET /v2/account/activities: one page after `page_token`, the id of the last one read."""
    if wrong := kinds - KINDS:
        raise invalid(f"invalid activity type: {min(wrong)}")
    found: list[tuple[str, int, int, dict[str, Any]]] = []
    trades = query.get("category") != "non_trade_activity"
    for done in state.executions.values():
        if trades and not done.busted and (not kinds or "FILL" in kinds):
            told = _fill(options, done, state.orders[done.order_id].status)
            found.append((told["id"].partition("::")[0], done.number, done.at, told))
    for entry in state.activities:
        other: Any = entry["told"]
        if not kinds or other["activity_type"] in kinds:
            found.append((other["id"].partition("::")[0], int(str(entry["number"])), int(str(entry["at"])), other))
    found.sort(key=lambda one: one[:2], reverse=query.get("direction", "desc") == "desc")
    wanted = [told for _, _, at, told in found if _within(at, told, options, query)]
    if (token := query.get("page_token")) is not None:
        ids = [told["id"] for told in wanted]
        if token not in ids:
            raise invalid(f"invalid page_token: {token}")
        wanted = wanted[ids.index(token) + 1 :]
    return wanted[: min(PAGE_SIZE, int(query.get("page_size", PAGE_SIZE)))]


def _within(at: int, told: dict[str, Any], options: Options, query: dict[str, str]) -> bool:
    day = moment(at).date()
    if "date" in query and day != date.fromisoformat(query["date"]):
        return False
    if "after" in query and at <= when(query["after"]):
        return False
    if "until" in query and at >= when(query["until"]):
        return False
    by_order = query.get("order_id") if options.activities_by_order == "yes" else None
    return by_order is None or told.get("order_id") == by_order


def when(written: str) -> int:
    """A time in a query, RFC 3339 or a day, in microseconds."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        raise invalid(f"invalid time: {written}") from None
    if read.tzinfo is None:
        read = read.replace(tzinfo=moment(0).tzinfo)
    return int(read.timestamp() * 1_000_000)
