"""What risk counts over time, and the results of strategies, as events of an account write them down."""

from decimal import Decimal

from msgspec import Struct

from tradewire.messages.account_events import Mark
from tradewire.messages.vocabulary import Side


class _Event(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    pass


class Tally(Struct, frozen=True, array_like=True, gc=False):
    """How many orders of a strategy were approved in one second (since the epoch)."""

    strategy: str
    second: int
    count: int


class Run(Struct, frozen=True, array_like=True, gc=False):
    """Orders of a strategy, symbol and side that were executed, and when each was last (microseconds)."""

    strategy: str
    symbol: str
    side: Side
    orders: dict[str, int]


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """When a strategy last entered a symbol (microseconds)."""

    strategy: str
    symbol: str
    at: int


class Held(Struct, frozen=True, array_like=True, gc=False):
    """What a strategy holds of a symbol: the signed quantity, its cost, and what the trade has brought so far.

    Money is in the symbol's currency, and `result` is less fees. A trade lasts until nothing is held any more.
    """

    quantity: Decimal
    cost: Decimal
    result: Decimal


class Trades(Struct, frozen=True, array_like=True, gc=False):
    """A strategy's closed trades: how many won and lost, and what they won and lost in all, both from zero up."""

    wins: int = 0
    losses: int = 0
    won: Decimal = Decimal(0)
    lost: Decimal = Decimal(0)


class StrategyResult(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a strategy has won or lost in an account by its own executions, since the log begins.

    `realized`, less fees, and `trades` are by currency, `held` by symbol. `day` is the trading day that began at the
    result `began`, and `highs` are the highest results of days that no later day has reached. Both are in the account's
    currency.
    """

    day: str = ""
    began: Decimal = Decimal(0)
    realized: dict[str, Decimal] = {}
    held: dict[str, Held] = {}
    highs: dict[str, Decimal] = {}
    trades: dict[str, Trades] = {}


class ResultsRecorded(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The results of an account's strategies by name, and the marks of what they hold, of the trading day `day`."""

    day: str = ""
    strategies: dict[str, StrategyResult] = {}
    marks: dict[str, Mark] = {}


class WindowsRecorded(_Event, frozen=True, kw_only=True):
    """What risk counts over time, as it stood at position `state_pos`, so that no restart forgets it.

    What the account's money has been taken for is in the events after `since`.
    `approved` are the orders of the account's day by strategy, `highs` the highest equity of each day, and `fills` all
    executions by strategy. `results` is None where a build wrote it that kept none.
    """

    account: str
    state_pos: int
    since: int
    day: str
    approved: dict[str, int]
    tallies: tuple[Tally, ...]
    runs: tuple[Run, ...]
    entries: tuple[Entry, ...]
    highs: dict[str, Decimal]
    fills: dict[str, int] = {}
    results: ResultsRecorded | None = None
