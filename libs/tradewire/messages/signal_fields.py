"""The fields of a signal, one row each: name, kind, rule, reader. The parser and the reference page both read these."""

from tradewire.messages import signal_readers as read
from tradewire.messages import signal_sizes
from tradewire.messages.signal import StopLoss, Trail
from tradewire.messages.signal_readers import Field, table
from tradewire.messages.vocabulary import Action, OrderType, TimeInForce

_NUMBER = "number or decimal text"
_TIME = "time"

_ACTION_HINTS = {
    "long": "buy",
    "enter_long": "buy",
    "bullish": "buy",
    "b": "buy",
    "short": "sell",
    "enter_short": "sell",
    "sell_short": "sell",
    "bearish": "sell",
    "s": "sell",
    "exit": "close",
    "exit_long": "close",
    "exit_short": "close",
    "close_long": "close",
    "close_short": "close",
    "flat": "close",
    "flatten": "close",
    "cancel_all": "cancel",
    "modify": "replace",
    "amend": "replace",
}
_ORDER_TYPE_HINTS = {"mkt": "market", "lmt": "limit", "stop_loss": "stop", "stp": "stop", "stoplimit": "stop_limit"}
_ORDER_TYPE_HINTS |= {"trail": "trailing_stop", "trailing": "trailing_stop", "trailingstop": "trailing_stop"}
_TIME_IN_FORCE_HINTS = {
    "good_till_cancel": "gtc",
    "good_til_canceled": "gtc",
    "immediate_or_cancel": "ioc",
    "fill_or_kill": "fok",
    "good_till_date": "gtd",
    "moo": "opg",
    "moc": "cls",
}

TRAIL = table(
    Field("amount", _NUMBER, "distance in the price's currency, above 0", read.above_zero),
    Field("percent", _NUMBER, "distance in percent, above 0, at most 100", read.percent),
)
STOP_LOSS = table(
    Field("price", _NUMBER, "price that triggers, on the losing side of the entry", read.above_zero),
    Field("percent", _NUMBER, "distance from the entry in percent, above 0, at most 100", read.percent),
    Field("amount", _NUMBER, "distance from the entry in the price's currency, above 0", read.above_zero),
    Field("trail", "object", "the stop follows the price", read.nested(TRAIL, Trail)),
    Field("limit_price", _NUMBER, "only with `price`: the exit is a stop-limit order", read.above_zero),
)
TAKE_PROFIT = table(
    Field("price", _NUMBER, "price, on the winning side of the entry", read.above_zero),
    Field("percent", _NUMBER, "distance from the entry in percent, above 0", read.above_zero),
    Field("amount", _NUMBER, "distance from the entry in the price's currency, above 0", read.above_zero),
    Field("part", _NUMBER, "share of the position, above 0, at most 1; a lone entry may leave it out", read.part),
)
SIZE = table(
    Field("method", "word", "how the value is meant", signal_sizes.method, '"method": "percent_of_equity"'),
    Field("value", _NUMBER, "above 0, in what the method says; needed by every method but `kelly`", read.above_zero),
    Field("stop", _NUMBER, "price at which the position is given up, on the losing side of the entry", read.above_zero),
    Field("stop_distance", _NUMBER, "the same as a distance from the entry", read.above_zero),
    Field("stop_percent", _NUMBER, "the same in percent of the entry, at most 100", read.percent),
    Field("multiple", _NUMBER, "how many average true ranges the price may move, above 0", read.above_zero),
    Field("win_rate", _NUMBER, "share of trades that win, 0 to 1; together with `payoff`", read.fraction),
    Field("payoff", _NUMBER, "average win over average loss, above 0", read.above_zero),
    Field("max_percent", _NUMBER, "cuts the size to this percentage of equity, above 0", read.above_zero),
    Field("max_notional", _NUMBER, "cuts the size to what this money buys, above 0", read.above_zero),
    Field("max_quantity", _NUMBER, "cuts the size to this many units, above 0", read.above_zero),
)

FIELDS = table(
    Field("schema", "number", "1, or left out", read.schema),
    Field(
        "id",
        "text",
        "1 to 64 of `A-Z a-z 0-9 _ . : -`, starting with a letter or digit; unique for ever within the strategy, and "
        "the same when the same signal is sent again",
        read.signal_id,
        '"id": "momentum-2026-03-09-1"',
    ),
    Field(
        "symbol",
        "text",
        "capital letters and digits, with `.`, `/` or `-`, 32 at most: `AAPL`, `BRK.B`, `BTC/USDT`",
        read.symbol,
        '"symbol": "AAPL"',
    ),
    Field("action", "word", "what to do; see the next table", read.word(Action, _ACTION_HINTS), '"action": "buy"'),
    Field("quantity", _NUMBER, "units of the symbol, above 0", read.above_zero),
    Field("notional", _NUMBER, "money, above 0", read.above_zero),
    Field("target_quantity", _NUMBER, "position wanted afterwards; below 0 is short", read.signed),
    Field("target_percent", _NUMBER, "position wanted afterwards, in percent of equity; below 0 is short", read.signed),
    Field("size", "object", "a size that risk works out", read.nested(SIZE, signal_sizes.build)),
    Field("order_type", "word", "`market` if left out", read.word(OrderType, _ORDER_TYPE_HINTS)),
    Field("limit_price", _NUMBER, "with `limit` and `stop_limit` only, and needed there; above 0", read.above_zero),
    Field(
        "stop_price",
        _NUMBER,
        "with `stop` and `stop_limit` only, and needed there; above the price for a buy, below it for a sell",
        read.above_zero,
    ),
    Field("trail", "object", "with `trailing_stop` only, and needed there", read.nested(TRAIL, Trail)),
    Field("stop_loss", "object", "exit with loss, attached to the entry", read.nested(STOP_LOSS, StopLoss)),
    Field(
        "take_profit",
        "list of objects",
        "at most 8 exits with profit, whose parts add up to 1 at most",
        read.list_of(read.nested(TAKE_PROFIT, dict), 8),
    ),
    Field("time_in_force", "word", "`day` if left out", read.word(TimeInForce, _TIME_IN_FORCE_HINTS)),
    Field("expire_at", _TIME, "with `gtd` only, and needed there; after `timestamp`", read.instant),
    Field(
        "extended_hours",
        "true or false",
        "may work outside regular hours, as a limit order",
        read.boolean,
    ),
    Field(
        "reduce_only", "true or false", "may never open or turn a position; `close` and `reduce` never do", read.boolean
    ),
    Field("account", "text", "name of an account; the strategy's own if left out", read.name),
    Field("price", _NUMBER, "the market's price when the signal arose, a reference; above 0", read.above_zero),
    Field("confidence", _NUMBER, "0 to 1", read.fraction),
    Field("timestamp", _TIME, "when the signal arose", read.instant),
    Field("valid_until", _TIME, "no order is started after it; after `timestamp`", read.instant),
    Field("execution", "object", "how to work a large order", read.free_object),
    Field("tags", "list of texts", "at most 16 labels of 1 to 64 printable characters", read.list_of(read.tag, 16)),
    Field("extra", "object", "anything of your own; kept as it is and never acted on", read.free_object),
)

HINTS = {
    "strategy": "no such field: the subject signals.<strategy> names the strategy",
    "secret": "no such field: never put a credential in a signal",
    "password": "no such field: never put a credential in a signal",
    "side": "action",
    "direction": "action",
    "sentiment": "action",
    "ticker": "symbol",
    "instrument": "symbol",
    "qty": "quantity",
    "shares": "quantity",
    "contracts": "quantity",
    "volume": "quantity",
    "amount": "quantity, or notional for money",
    "type": "order_type",
    "ordertype": "order_type",
    "tif": "time_in_force",
    "timeinforce": "time_in_force",
    "limit": "limit_price",
    "limitprice": "limit_price",
    "stop": "stop_price",
    "stopprice": "stop_price",
    "sl": "stop_loss",
    "stoploss": "stop_loss",
    "tp": "take_profit",
    "takeprofit": "take_profit",
    "time": "timestamp",
    "ts": "timestamp",
    "datetime": "timestamp",
    "signal_id": "id",
    "alert_id": "id",
    "order_id": "id",
    "client_order_id": "id",
    "metadata": "extra",
    "extras": "extra",
    "comment": "tags, or a field inside extra",
}
"""What is right for the names that other systems' messages use."""
