"""Why a router sends nothing new, where the cause lies with those before it. Cancels pass every one of these gates."""

from enum import StrEnum


class Gate(StrEnum):
    """A stable code, in front of words for people. Each lifts by itself once its cause is gone."""

    UPSTREAM_HEARTBEAT_LOST = "UPSTREAM_HEARTBEAT_LOST"
    """Risk or the ledger was not heard for too long."""
    LEDGER_LAGGING = "LEDGER_LAGGING"
    """The router does not know yet what the ledger has said already."""
    BUILD_MISMATCH = "BUILD_MISMATCH"
    """Risk runs another build than the router."""


def ledger(*, live: bool, problem: str, age: float, most: float, pos: int, told: int) -> str:
    """Why the router is not in step with the ledger, or nothing.

    `live` is whether it is, and `problem` what keeps it from following the log at all. The ledger was last heard `age`
    seconds ago, which may be up to `most`, and said that it was at position `told`; the router is at `pos`.
    """
    if problem:
        return f"{Gate.LEDGER_LAGGING}: {problem}"
    if age >= most:
        return f"{Gate.UPSTREAM_HEARTBEAT_LOST}: {_lost('the ledger', most)}"
    if live:
        return ""
    if told > pos:
        return f"{Gate.LEDGER_LAGGING}: is at position {pos} and the ledger at {told}; waits until it has caught up"
    return "is not in step with the ledger"


def risk(*, age: float, most: float, idle: str) -> str:
    """Why risk is not to be believed, or nothing. The last that decides was heard `age` seconds ago.

    `idle` is a process that was heard since and decides nothing, such as one that waits for the lease.
    """
    if age < most:
        return ""
    heard = f" ({idle} was heard, and does not decide)" if idle else ""
    return f"{Gate.UPSTREAM_HEARTBEAT_LOST}: {_lost('a risk process that decides', most)}{heard}"


def build(what: str, theirs: str, ours: str) -> str:
    """Why the router of the build `ours` sends no approval of the build `theirs`, or nothing. `what` is of `theirs`."""
    if theirs == ours:
        return ""
    named = f"build {theirs}" if theirs else "a build that does not name itself"
    return f"{Gate.BUILD_MISMATCH}: {what} {named}, and this router is build {ours}; restart the older of the two"


def dry_run(account: str) -> str:
    """Why the router of an account on a dry run sends no approval, such as one of before its restart."""
    return f"{account} is on a dry run, so nothing is sent; to trade, set accounts.{account}.dry_run to false"


def _lost(who: str, most: float) -> str:
    return f"{who} was not heard for {most:g} s; nothing new is sent until it is"
