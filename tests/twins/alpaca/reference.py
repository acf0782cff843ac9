"""Assets that a fresh twin has, and the market's hours: Monday to Friday, 09:30 to 16:00 in New York, no holidays."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.twins.alpaca.state import SPACE, Asset

NEW_YORK = ZoneInfo("America/New_York")
OPENS, CLOSES = time(9, 30), time(16, 0)


def asset(symbol: str, name: str = "", **more: object) -> Asset:
    """An asset whose id follows from its symbol."""
    return Asset(id=str(uuid.uuid5(SPACE, f"asset:{symbol}")), symbol=symbol, name=name or symbol, **more)  # type: ignore[arg-type]


def assets() -> dict[str, Asset]:
    """The assets by symbol."""
    coin = {"kind": "crypto", "exchange": "CRYPTO", "shortable": False}
    listed = [
        asset("AAPL", "Apple Inc. Common Stock"),
        asset("MSFT", "Microsoft Corporation Common Stock"),
        asset("NVDA", "NVIDIA Corporation Common Stock"),
        asset("TSLA", "Tesla, Inc. Common Stock"),
        asset("SPY", "State Street SPDR S&P 500 ETF Trust", exchange="ARCA"),
        asset("BRK.B", "Berkshire Hathaway Inc. Class B", exchange="NYSE"),
        asset("GRWG", "GrowGeneration Corp. Common Stock", shortable=False, fractionable=False),
        asset("TWTR", "Twitter, Inc.", exchange="NYSE", tradable=False, active=False),
        asset("BTC/USD", "Bitcoin / US Dollar", min_size=Decimal("0.0001"), **coin),
        asset("ETH/USD", "Ethereum / US Dollar", min_size=Decimal("0.001"), **coin),
    ]
    return {one.symbol: one for one in listed}


def stamp(at: int) -> str:
    """RFC 3339 with microseconds, as Alpaca writes times (it has nanoseconds)."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(at: int) -> datetime:
    """The time in New York."""
    return datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(NEW_YORK)


def trading_day(day: date) -> bool:
    return day.weekday() < 5


def after(now: datetime, hour: time) -> datetime:
    """The next time that a trading day's clock shows this hour."""
    found = datetime.combine(now.date(), hour, NEW_YORK)
    while found <= now or not trading_day(found.date()):
        found = datetime.combine(found.date() + timedelta(days=1), hour, NEW_YORK)
    return found


def clock(at: int, session: str) -> dict[str, object]:
    """GET /v2/clock. Whether the market is open is what the verb `session` said, not the hour of the day."""
    now = moment(at)
    return {
        "timestamp": now.isoformat(),
        "is_open": session == "open",
        "next_open": after(now, OPENS).isoformat(),
        "next_close": after(now, CLOSES).isoformat(),
    }


def calendar(first: date, last: date) -> list[dict[str, object]]:
    """GET /v2/calendar."""
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [
        {
            "date": day.isoformat(),
            "open": "09:30",
            "close": "16:00",
            "session_open": "0400",
            "session_close": "2000",
            "settlement_date": after(datetime.combine(day, CLOSES, NEW_YORK), CLOSES).date().isoformat(),
        }
        for day in days
        if trading_day(day)
    ]
