"""Why risk says no: one stable code each, in the scheme CATEGORY_CONDITION, with FIX tag 103 (OrdRejReason).

A code that was once written to a log keeps its meaning for ever; a new meaning gets a new code.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason for which an order is denied or lapses. `fix` is the value of FIX tag 103."""

    fix: int

    def __new__(cls, code: str, fix: int, doc: str) -> "Reason":
        """Makes a member from its code, FIX value and docstring."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.fix = fix
        member.__doc__ = doc
        return member

    CANCEL_REQUESTED = "CANCEL_REQUESTED", 0, "The order was asked to be canceled before it was decided."
    KILL_SWITCH_ON = "KILL_SWITCH_ON", 0, "A switch in scope stands at HALT or KILL."
    TRADING_REDUCE_ONLY = (
        "TRADING_REDUCE_ONLY",
        0,
        "A switch in scope stands at REDUCE_ONLY, and the order is no verified exit.",
    )
    STRATEGY_PAUSED = "STRATEGY_PAUSED", 0, "The strategy is paused, and the order is no verified exit."
    RECONCILIATION_BREAK = "RECONCILIATION_BREAK", 0, "The log and the broker disagree, and the order is no exit."
    LIMITS_INVALID = "LIMITS_INVALID", 0, "A limit in scope cannot be read, so nothing can be measured against it."
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN", 15, "The order's account is not configured."
    STRATEGY_OFF = "STRATEGY_OFF", 0, "The strategy's profile switches it off."
    STRATEGY_ACCOUNT_NOT_ALLOWED = "STRATEGY_ACCOUNT_NOT_ALLOWED", 15, "The strategy may not trade this account."
    STRATEGY_WINDOW_CLOSED = "STRATEGY_WINDOW_CLOSED", 2, "It is none of the strategy's hours."
    STRATEGY_ORDER_TYPE_NOT_ALLOWED = "STRATEGY_ORDER_TYPE_NOT_ALLOWED", 11, "The strategy may send no such order."
    STRATEGY_SIDE_NOT_ALLOWED = (
        "STRATEGY_SIDE_NOT_ALLOWED",
        0,
        "The strategy may not trade so on this side.",
    )
    STRATEGY_REPEAT_IGNORED = "STRATEGY_REPEAT_IGNORED", 0, "The strategy holds a position that makes it ignore this."
    MARKET_CLOSED = "MARKET_CLOSED", 2, "The symbol's exchange is not open as the limit demands, or nobody can tell."
    ACTION_UNSUPPORTED = "ACTION_UNSUPPORTED", 11, "This build cannot size the order's action."
    DUPLICATE_ORDER = (
        "DUPLICATE_ORDER",
        6,
        "Another signal's order of the same account, strategy, symbol, side, quantity and prices was approved less "
        "than the duplicate window ago, and is working or filled.",
    )
    SIGNAL_STALE = "SIGNAL_STALE", 8, "The signal is older than is allowed."
    SIGNAL_FROM_FUTURE = "SIGNAL_FROM_FUTURE", 8, "The signal's time lies further ahead than clocks may differ."
    SIGNAL_EXPIRED = "SIGNAL_EXPIRED", 8, "The time that the signal gave as its last has passed."
    SYMBOL_NOT_ALLOWED = "SYMBOL_NOT_ALLOWED", 1, "The symbol is not on the list of allowed symbols."
    SYMBOL_RESTRICTED = "SYMBOL_RESTRICTED", 0, "The symbol is on a list of restricted symbols."
    INSTRUMENT_UNKNOWN = "INSTRUMENT_UNKNOWN", 1, "The broker's rules of the symbol are missing or too old."
    INSTRUMENT_UNSUPPORTED = (
        "INSTRUMENT_UNSUPPORTED",
        11,
        "The symbol is something that this build cannot value, such as an option, a future, or a price in pence.",
    )
    INSTRUMENT_HALTED = "INSTRUMENT_HALTED", 2, "The symbol cannot be traded at the broker now."
    ORDER_TYPE_UNSUPPORTED = "ORDER_TYPE_UNSUPPORTED", 11, "The broker takes no order of this type in the symbol."
    FEATURE_UNSUPPORTED = (
        "FEATURE_UNSUPPORTED",
        11,
        "The broker does not take what the order asks for beside its type, such as exits that go with it.",
    )
    REPLACE_IMPOSSIBLE = "REPLACE_IMPOSSIBLE", 99, "The order cannot have the new terms that are asked for."
    NOTHING_TO_CLOSE = "NOTHING_TO_CLOSE", 99, "There is no position that working exits do not close already."
    REDUCE_ONLY_ABOVE_POSITION = (
        "REDUCE_ONLY_ABOVE_POSITION",
        3,
        "A reduce-only order would do more than close what is held and not yet being closed.",
    )
    UNKNOWN_OUTSTANDING = (
        "UNKNOWN_OUTSTANDING",
        0,
        "An order of this account and symbol is Unknown at the broker; new ones wait for evidence.",
    )
    PRICE_MISSING = "PRICE_MISSING", 8, "There is no price, so nothing can be measured."
    PRICE_STALE = "PRICE_STALE", 8, "The price is older, or further in the future, than is allowed."
    RATE_MISSING = (
        "RATE_MISSING",
        8,
        "There is no price of the symbol's currency in the account's currency.",
    )
    PRICE_OUTSIDE_COLLAR = "PRICE_OUTSIDE_COLLAR", 16, "The limit price is too far from the market's."
    PRICE_TICK_INVALID = "PRICE_TICK_INVALID", 18, "A price is no multiple of the instrument's tick."
    EXIT_PRICE_INVALID = "EXIT_PRICE_INVALID", 18, "An exit would lie on the wrong side of its entry, or nowhere."
    QTY_LOT_INVALID = "QTY_LOT_INVALID", 13, "The quantity does not fit the instrument's step, smallest or largest."
    SIZE_UNKNOWN = "SIZE_UNKNOWN", 13, "No quantity can be worked out from what is asked and what is known."
    QTY_BELOW_MIN = "QTY_BELOW_MIN", 13, "The quantity is missing, not above zero, or below the smallest allowed."
    QTY_ABOVE_MAX = "QTY_ABOVE_MAX", 3, "The quantity is above the largest allowed."
    NOTIONAL_BELOW_MIN = "NOTIONAL_BELOW_MIN", 13, "The order's value is below the smallest allowed."
    NOTIONAL_ABOVE_MAX = "NOTIONAL_ABOVE_MAX", 3, "The order's value is above the largest allowed."
    PROBATION_CAP = "PROBATION_CAP", 3, "A strategy that is new to the account may send small orders only."
    SHORT_NOT_ALLOWED = "SHORT_NOT_ALLOWED", 0, "The order would sell more than is held, and shorting is not allowed."
    SHORT_NOT_LOCATED = "SHORT_NOT_LOCATED", 0, "The broker does not lend what would be sold short."
    SELF_TRADE_PREVENTED = "SELF_TRADE_PREVENTED", 0, "The order would trade with one of the account's own."
    BALANCES_UNKNOWN = "BALANCES_UNKNOWN", 8, "The broker's figure of the account's money is missing or too old."
    BUYING_POWER_INSUFFICIENT = "BUYING_POWER_INSUFFICIENT", 3, "The order may cost more than there is to buy with."
    POSITION_ABOVE_MAX = (
        "POSITION_ABOVE_MAX",
        3,
        "Position, working orders of the same side and this order together would be worth more than is allowed.",
    )
    OPEN_ORDERS_ABOVE_MAX = (
        "OPEN_ORDERS_ABOVE_MAX",
        3,
        "With this order more orders of the account, or of the account and symbol, would be open than are allowed.",
    )
    OPEN_NOTIONAL_ABOVE_MAX = "OPEN_NOTIONAL_ABOVE_MAX", 3, "Working orders would be worth more than is allowed."
    GROSS_EXPOSURE_ABOVE_MAX = (
        "GROSS_EXPOSURE_ABOVE_MAX",
        3,
        "Positions and working orders, signs not counted, would be worth more than is allowed.",
    )
    NET_EXPOSURE_ABOVE_MAX = (
        "NET_EXPOSURE_ABOVE_MAX",
        3,
        "Positions and working orders, signs counted, would add up to more than is allowed.",
    )
    CONCENTRATION_ABOVE_MAX = (
        "CONCENTRATION_ABOVE_MAX",
        3,
        "One symbol, or a group of symbols, would be a larger part of the equity than is allowed.",
    )
    OPEN_POSITIONS_ABOVE_MAX = "OPEN_POSITIONS_ABOVE_MAX", 3, "More symbols would be held than are allowed."
    LOSS_DAILY_LIMIT = (
        "LOSS_DAILY_LIMIT",
        3,
        "The account, or the strategy in it, has lost more since the trading day began than is allowed.",
    )
    LOSS_DRAWDOWN_LIMIT = (
        "LOSS_DRAWDOWN_LIMIT",
        3,
        "The equity, or the strategy's result, is further below its highest than is allowed.",
    )
    STRATEGY_COOLDOWN = "STRATEGY_COOLDOWN", 0, "The strategy entered the symbol less than its cooldown ago."
    REPEATED_EXECUTION_TRIPPED = (
        "REPEATED_EXECUTION_TRIPPED",
        0,
        "The strategy was executed so often in a row that somebody must look at it.",
    )
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED", 0, "The strategy asks for more orders in this time than are allowed."
    ORDER_COUNT_DAILY_MAX = "ORDER_COUNT_DAILY_MAX", 3, "There were as many orders today as are allowed."
    DRY_RUN = "DRY_RUN", 0, "The order passes every other check, and its account is on a dry run: nothing is sent."
    CLOCK_STEPPED = (
        "CLOCK_STEPPED",
        0,
        "The ledger's clock jumped; live accounts only reduce until they are resumed.",
    )
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED", 0, "A person must approve the order; it is held until then."
    APPROVAL_UNSENT = "APPROVAL_UNSENT", 0, "The approval expired before the order was sent; the order lapses."
    APPROVAL_EXPIRED = "APPROVAL_EXPIRED", 0, "Nobody approved the held order before its deadline; the order lapses."
