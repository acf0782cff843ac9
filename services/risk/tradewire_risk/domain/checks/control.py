"""May anything be decided at all: cancel requests, switches, readable limits, a known account, a known action.

And at the very end: may what passes all other checks be sent.
"""

from tradewire_risk.domain.check_input import MISSING, PASSED, CheckInput, Outcome

_STOPPED = frozenset({"HALT", "KILL"})
_ACTIONS = frozenset({"buy", "sell", "close", "reduce", "target"})


def not_canceled(i: CheckInput) -> Outcome:
    """Nobody has asked to cancel the order."""
    return (i.order.cancel_by, "", False) if i.order.cancel_requested else PASSED


def not_halted(i: CheckInput) -> Outcome:
    """No switch in scope stands at HALT or KILL."""
    level = i.rules.level
    return PASSED if level == "NONE" else (level, "", level not in _STOPPED)


def not_reduce_only(i: CheckInput) -> Outcome:
    """No switch in scope stands at REDUCE_ONLY, or the order is a verified exit."""
    return PASSED if i.rules.level != "REDUCE_ONLY" else (i.rules.level_scope, "", i.exit)


def not_paused(i: CheckInput) -> Outcome:
    """Nobody has paused the strategy, or the order is a verified exit."""
    return PASSED if i.rules.level != "PAUSED" else (i.rules.level_scope, "", i.exit)


def reconciled(i: CheckInput) -> Outcome:
    """The log and the broker are not known to disagree, or the order is a verified exit."""
    return PASSED if i.reconciled else ("", "", i.exit)


def limits_readable(i: CheckInput) -> Outcome:
    """Every limit in scope could be read."""
    return (i.rules.problem, "", False) if i.rules.problem else PASSED


def account_known(i: CheckInput) -> Outcome:
    """The account is configured."""
    return PASSED if i.account is not None else MISSING


def action_supported(i: CheckInput) -> Outcome:
    """Risk knows how to size the action."""
    return PASSED if i.order.action in _ACTIONS else (i.order.action, "", False)


def no_dry_run(i: CheckInput) -> Outcome:
    """The account is not on a dry run, in which nothing is sent."""
    return ("true", "false", False) if i.account is not None and i.account.dry_run else PASSED
