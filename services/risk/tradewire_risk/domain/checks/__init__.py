"""Every check of an order, in the order in which the first failure names the reason. A new check is one line here.

Kill, duplicate, stale, instrument, price, size, exposure, loss: the priority is fixed, because people and programs rely
on the primary reason. All of them run on every order, whatever fails.
"""

from tradewire_risk.domain.check_input import Check
from tradewire_risk.domain.checks import control, exposure, instrument, price, signal, size
from tradewire_risk.domain.reasons import Reason

CHECKS: tuple[Check, ...] = (
    Check("cancel", Reason.CANCEL_REQUESTED, control.not_canceled, "{value} asked to cancel it before it was decided."),
    Check("switch", Reason.KILL_SWITCH_ON, control.not_halted, "The switch of {level_scope} stands at {value}."),
    Check(
        "reduce",
        Reason.TRADING_REDUCE_ONLY,
        control.not_reduce_only,
        "The switch of {value} lets only orders pass that reduce a position; mark an exit reduce_only.",
    ),
    Check("limits", Reason.LIMITS_INVALID, control.limits_readable, "A limit cannot be read: {value}. Set it again."),
    Check("account", Reason.ACCOUNT_UNKNOWN, control.account_known, "The settings have no [accounts.{account}]."),
    Check("action", Reason.ACTION_UNSUPPORTED, control.action_supported, "The action {value} is not carried out."),
    Check(
        "dup",
        Reason.DUPLICATE_ORDER,
        signal.not_duplicate,
        "An equal order was requested {value} before this one; the window is {limit}.",
        ("duplicate_window",),
    ),
    Check(
        "age",
        Reason.SIGNAL_STALE,
        signal.not_stale,
        "The signal is {value} old; at most {limit} is allowed.",
        ("max_signal_age",),
    ),
    Check(
        "ahead",
        Reason.SIGNAL_FROM_FUTURE,
        signal.not_from_future,
        "The signal's time is {value} ahead; at most {limit} is allowed. Compare the clocks.",
        ("max_signal_ahead",),
    ),
    Check("until", Reason.SIGNAL_EXPIRED, signal.still_valid, "The signal's valid_until passed {value} ago."),
    Check(
        "symbol",
        Reason.SYMBOL_NOT_ALLOWED,
        instrument.symbol_allowed,
        "{symbol} is not among the allowed symbols.",
        ("allowed_symbols",),
        exits_pass=True,
    ),
    Check(
        "close",
        Reason.NOTHING_TO_CLOSE,
        instrument.something_to_close,
        "{account} holds no {symbol} that working orders do not close already.",
    ),
    Check(
        "exit",
        Reason.REDUCE_ONLY_ABOVE_POSITION,
        instrument.reduces_only,
        "A reduce-only order of {value} would do more than close the {limit} of {symbol} that {account} can close.",
    ),
    Check(
        "unknown",
        Reason.UNKNOWN_OUTSTANDING,
        instrument.nothing_unknown,
        "{value} order of {symbol} in {account} is Unknown at the broker; new ones wait until that is settled.",
    ),
    Check("price", Reason.PRICE_MISSING, price.price_known, "There is no quote for {symbol}."),
    Check("rate", Reason.RATE_MISSING, price.rate_known, "There is no quote for {currency_pair}."),
    Check(
        "price_age",
        Reason.PRICE_STALE,
        price.price_fresh,
        "The price of {symbol} is {value} old; at most {limit} is allowed.",
        ("max_price_age",),
    ),
    Check("size", Reason.SIZE_UNKNOWN, size.size_known, "The order cannot be sized: {value}."),
    Check(
        "qty_min",
        Reason.QTY_BELOW_MIN,
        size.quantity_at_least,
        "The quantity {value} is below the smallest allowed, {limit}.",
        ("min_order_quantity",),
        unmeasured="The order has no quantity.",
    ),
    Check(
        "qty_max",
        Reason.QTY_ABOVE_MAX,
        size.quantity_at_most,
        "The quantity {value} is above the largest allowed, {limit}.",
        ("max_order_quantity",),
    ),
    Check(
        "val_min",
        Reason.NOTIONAL_BELOW_MIN,
        size.value_at_least,
        "The order's value {value} is below the smallest allowed, {limit}.",
        ("min_order_value",),
    ),
    Check(
        "val_max",
        Reason.NOTIONAL_ABOVE_MAX,
        size.value_at_most,
        "The order's value {value} is above the largest allowed, {limit}.",
        ("max_order_value",),
    ),
    Check(
        "position",
        Reason.POSITION_ABOVE_MAX,
        exposure.position_at_most,
        "Position and working orders of {symbol} would be worth {value}; at most {limit} is allowed.",
        ("max_position_value",),
    ),
    Check(
        "open",
        Reason.OPEN_ORDERS_ABOVE_MAX,
        exposure.open_orders_at_most,
        "This would be open order {value} of {symbol} in {account}; at most {limit} are allowed.",
        ("max_open_orders_per_symbol",),
    ),
    Check(
        "loss",
        Reason.LOSS_DAILY_LIMIT,
        exposure.daily_loss_at_most,
        "{account} has lost {value} today; at most {limit} is allowed.",
        ("max_daily_loss",),
        exits_pass=True,
        unmeasured="What {account} has lost today is not known, because a price of what it holds is missing.",
    ),
)
