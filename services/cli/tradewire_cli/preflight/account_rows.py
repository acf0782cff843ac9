"""The rows about one account: its settings, its router, its broker, its limits and switches. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from tradewire.domain.limits import KINDS, read
from tradewire.domain.switches import Limits, Switch
from tradewire.domain.times import SECOND
from tradewire.errors import InvalidValue
from tradewire.messages.account_events import BalancesReported, ReconciliationBroken
from tradewire.settings import Account
from tradewire_cli.preflight.row import Row, fail, ok, warn
from tradewire_cli.views import text

PENDING: Final = "preflight pending"
UP: Final = "person:up"
"""As whom `tradewire up` throws the switch of a live account that no preflight has let pass."""


def settings(account: Account, limits: int, *, running: bool) -> Row:
    """The settings were read, so they are valid, and a live account's are complete: are they those that run?"""
    if not running:
        return fail(
            "settings",
            "they are not those with which `tradewire up` was started",
            "name the same file with --config, with the same TRADEWIRE_ variables, or start `tradewire up` again",
        )
    if not account.is_live:
        return ok("settings", "valid; a paper account takes the default of every limit that is not set")
    return ok("settings", f"valid; {limits} limits set by name, and the live sentence is typed")


def account(name: str, account: Account, broker: str | None) -> Row:
    """Which broker holds the account, in the settings and (`broker`) in the running system, and is it live?"""
    if broker != account.broker:
        runs = f"has it at {broker}" if broker else "does not know it"
        return fail(
            "account",
            f"{name} is at {account.broker}, but the running system {runs}",
            "start `tradewire up` again with these settings",
        )
    mode = "live" if account.is_live else "paper"
    rehearsal = ", a rehearsal: no real money" if account.is_live and not account.real_money else ""
    dry = ", on a dry run: nothing is sent" if account.dry_run else ""
    return ok("account", f"broker {broker}, mode {mode}{rehearsal}{dry}")


def router(name: str, problem: str, *, leads: bool) -> Row:
    """Does the router run, is it ready, and does it hold the account's lease? It is ready once it has reconciled."""
    if problem:
        return fail("router", f"{name}: {problem}", f"`tradewire logs {name}` says more")
    if not leads:
        return fail("router", f"{name} is ready, but no router holds the lease", "run this again in a few seconds")
    return ok("router", f"{name} is ready and holds the account's lease")


def reconciled(agreed: tuple[int, int] | None, broke: tuple[int, ReconciliationBroken] | None) -> Row:
    """Have log and broker agreed, and not disagreed since? `agreed`: position and age in µs; `broke`: position, event.

    Agreement is recorded when it is news, so its age has no limit; the router is ready only while it compares.
    """
    if broke is not None and (agreed is None or broke[0] > agreed[0]):
        found = broke[1].differences
        words = ", ".join(f"{each.kind} {each.key}: log {each.ours}, broker {each.theirs}" for each in found[:3])
        return fail(
            "reconciled",
            f"the log and the broker disagree: {words}",
            "`tradewire reconcile show` says what can be done about each",
        )
    if agreed is None:
        return fail("reconciled", "the account was never compared with its broker", "see the row router")
    return ok("reconciled", f"the log and the broker agreed {text.span(agreed[1] / SECOND)} ago, and no break since")


def broker(report: BalancesReported | None, age: int, most: int, name: str, account: str) -> Row:
    """Does the broker let us in and tell of this account? `age` of its last report and the `most` allowed, in µs."""
    if report is None:
        return fail("broker", f"{name} has told nothing of {account}", "check its key; the router's log says more")
    if (report.broker, report.account) != (name, account):
        said = f"the report is of {report.account} at {report.broker}, not of {account} at {name}"
        return fail("broker", said, "check which account the broker's key is of")
    if report.status != "active":
        return fail("broker", f"{name} says that the account is {report.status}", f"ask {name}")
    if age > most:
        allowed = text.span(most / SECOND)
        return fail(
            "broker",
            f"{name} last reported {text.span(age / SECOND)} ago, and max_balance_age is {allowed}",
            "check its key and the connection; the router's log says more",
        )
    funds = f"{text.money(report.buying_power)} {report.currency} to buy with"
    return ok("broker", f"{name} reported {text.span(age / SECOND)} ago: active, {funds}")


def limits(configured: Mapping[str, str], held: Mapping[str, Limits], scopes: Collection[str]) -> Row:
    """Are the limits in force over an account's `scopes` those of the configuration, or tighter?"""
    wrong: list[str] = []
    tighter = 0
    for name, wanted in configured.items():
        texts = [found for scope in scopes if scope in held and (found := held[scope].limits.get(name))]
        try:
            before, now = read(name, wanted), _tightest(name, texts)
        except InvalidValue as error:
            wrong.append(f"{name} cannot be read: {error.message}")
            continue
        if now == before:
            continue
        if now is None:
            wrong.append(f"{name} is not set instead of {wanted}")
        elif before is not None and KINDS[name].tighter(now, before) != now:
            wrong.append(f"{name} {' and '.join(texts)} instead of {wanted}")
        elif before is None or KINDS[name].tighter(before, now) != before:
            tighter += 1
    if wrong:
        return fail(
            "limits",
            f"looser than the configuration: {', '.join(wrong)}",
            "set them back with `tradewire limits set`, or change [risk] and start `tradewire up` again",
        )
    return ok("limits", f"{len(configured)} in force as configured" + (f", {tighter} of them tighter" * bool(tighter)))


def switches(held: Mapping[str, Switch], scopes: Collection[str]) -> Row:
    """Does a switch stand in the account's `scopes`, other than the one that waits for this very preflight?"""
    thrown = {scope: switch for scope, switch in held.items() if switch.level != "NONE"}
    own = [scope for scope, switch in thrown.items() if scope in scopes and _is_ours(switch)]
    over_all = [_words(scope, switch) for scope, switch in thrown.items() if scope in scopes and scope not in own]
    partly = [
        _words(scope, switch)
        for scope, switch in thrown.items()
        if scope not in scopes and scope.startswith(("strategy.", "symbol."))
    ]
    fix = "look into why, then lift it with `tradewire resume SCOPE --reason …`"
    if over_all:
        return fail("switches", "; ".join(over_all), fix)
    if partly:
        return warn("switches", "; ".join(partly), fix)
    return ok("switches", "none stands but the one that waits for this preflight" if own else "none stands")


def _tightest(name: str, texts: Collection[str]) -> Any:
    found = None
    for each in (read(name, each) for each in texts):
        found = each if found is None else found if each is None else KINDS[name].tighter(found, each)
    return found


def _is_ours(switch: Switch) -> bool:
    return (switch.by, switch.reason) == (UP, PENDING)


def _words(scope: str, switch: Switch) -> str:
    return f"{scope} is at {switch.level} by {switch.by}: {switch.reason or 'no reason'}"
