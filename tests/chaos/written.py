"""The settings of a system, as the text that its processes read."""

from tests.chaos.shape import Shape

_SETTINGS = """\
{head}
[strategies.momo]
account = "{account}"

[strategies.reef]
account = "{account}"

[risk]
max_order_value = "1000000"
max_position_value = "10000000"
max_daily_loss = "10000000"
max_open_orders_per_symbol = 100000
max_open_orders = 100000
max_orders_per_second = "none"
max_orders_per_minute = "none"
max_orders_per_day = "none"
max_repeated_executions = "none"
max_price_away = "none"
max_price_away_passive = "none"
market_order_cushion = "none"
allow_short = "yes"
duplicate_window = "0s"
max_signal_age = "{max_signal_age}"
approval_ttl = "{approval_ttl}"
mark_interval = "5s"
{risk}
[ingest]

[log]

[router]
call_timeout = "1s"
absence_grace = "{absence_grace}"
reconcile_interval = "2s"
{router}
[paper]
starting_cash = "100000000"
allow_short = true
partial_ratio = "0.3"
latency_ms = 10
price_from_signal = true
faults = true
"""
_PAPER = """\
[accounts.paper]
"""
_AT_TWIN = """\
default_account = "{broker}"

[accounts.{broker}]
broker = "{broker}"
environment = "paper"
{account}"""
_SYMBOLS = """\
allowed_symbols = "AAPL, MSFT, SPY, TSLA"
"""


def written(shape: Shape, account: str) -> str:
    """The settings of a system in this shape; `account` are those of an account at a twin, or nothing."""
    return _SETTINGS.format(
        account=shape.broker,
        head=_AT_TWIN.format(broker=shape.broker, account=account) if account else _PAPER,
        router=f'account = "{shape.broker}"\n' if account else "",
        risk=_SYMBOLS if account else "",
        max_signal_age=shape.max_signal_age,
        approval_ttl=shape.approval_ttl,
        absence_grace=shape.absence_grace,
    )


def changed(text: str, section: str, key: str, value: str) -> str:
    """Settings with one key of a section changed, or set."""
    lines = text.splitlines()
    first = lines.index(f"[{section}]") + 1
    last = next((number for number in range(first, len(lines)) if lines[number].startswith("[")), len(lines))
    others = [line for line in lines[first:last] if line.partition(" = ")[0] != key]
    return "\n".join([*lines[:first], f'{key} = "{value}"', *others, *lines[last:], ""])
