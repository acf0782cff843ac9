"""The rows of the running system that concern an account: is it up, does its router work, does anything stand open."""

from collections.abc import Sequence

from tradewire.domain.breaks import Standing
from tradewire.domain.orders import Order, Status
from tradewire_cli.views.status import System
from tradewire_router.doctor.row import Row, fail, none, ok, warn

NOT_RUNNING = fail("system", "nothing runs", "`tradewire up` was not started, or has ended", "start `tradewire up`")


def system(found: System) -> Row:
    """Is every process ready?"""
    wrong = [f"{state.name}: {state.problem}" for state in found.processes if state.problem]
    if wrong or found.log is None:
        words = "; ".join(wrong) or found.problem
        return fail(
            "system", words, "a process does not run, or waits for another", "`tradewire status`, `tradewire logs`"
        )
    return ok("system", f"{len(found.processes)} processes are ready")


def dry_run(account: str, row: Row) -> Row:
    """The row of settings that are right, of an account on a dry run."""
    return warn(
        row.check,
        f"{row.found}; {account} is on a dry run, so nothing is sent",
        "the account's settings say `dry_run = true`",
        "to trade, set it to false and start `tradewire up` again",
    )


def reconciled(standing: Standing | None) -> Row:
    """Do the log and the broker agree?"""
    if standing is None:
        return none("reconciled", "not looked at: the reader does not answer")
    left = list(standing.left())
    if left:
        words = ", ".join(f"{each.found.kind} {each.found.key}" for each in left[:3])
        return fail(
            "reconciled",
            f"the log and the broker disagree: {words}",
            "something happened at the broker that it has not told, or tells otherwise",
            "`tradewire reconcile show` says what can be done about each",
        )
    if not standing.compared:
        return warn("reconciled", "never compared", "its router has not reached the broker yet", "see the rows above")
    return ok("reconciled", "the log and the broker agree")


def unknown(orders: Sequence[Order] | None) -> Row:
    """Is the outcome of an order unknown?"""
    if orders is None:
        return none("orders", "not looked at: the reader does not answer")
    found = [order for order in orders if order.status is Status.UNKNOWN]
    if found:
        return warn(
            "orders",
            f"{len(found)} unknown, such as {found[0].order[:8]}",
            "the broker did not answer, and its router goes on asking",
            "`tradewire reconcile show`; with evidence, `tradewire resolve`",
        )
    return ok("orders", f"{len(orders)} open, none unknown")
