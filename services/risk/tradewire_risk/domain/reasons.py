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
    LIMITS_INVALID = "LIMITS_INVALID", 0, "A limit in scope cannot be read, so nothing can be measured against it."
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN", 15, "The order's account is not configured."
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
    SIZE_UNKNOWN = "SIZE_UNKNOWN", 13, "No quantity can be worked out from what is asked and what is known."
    QTY_BELOW_MIN = "QTY_BELOW_MIN", 13, "The quantity is missing, not above zero, or below the smallest allowed."
    QTY_ABOVE_MAX = "QTY_ABOVE_MAX", 3, "The quantity is above the largest allowed."
    NOTIONAL_BELOW_MIN = "NOTIONAL_BELOW_MIN", 13, "The order's value is below the smallest allowed."
    NOTIONAL_ABOVE_MAX = "NOTIONAL_ABOVE_MAX", 3, "The order's value is above the largest allowed."
    POSITION_ABOVE_MAX = (
        "POSITION_ABOVE_MAX",
        3,
        "Position, working orders of the same side and this order together would be worth more than is allowed.",
    )
    OPEN_ORDERS_ABOVE_MAX = (
        "OPEN_ORDERS_ABOVE_MAX",
        3,
        "With this order more orders of the account and symbol would be open than are allowed.",
    )
    LOSS_DAILY_LIMIT = "LOSS_DAILY_LIMIT", 3, "The account has lost more since its trading day began than is allowed."
    APPROVAL_UNSENT = "APPROVAL_UNSENT", 0, "The approval expired before the order was sent; the order lapses."
    APPROVAL_EXPIRED = "APPROVAL_EXPIRED", 0, "Nobody approved the held order before its deadline; the order lapses."
