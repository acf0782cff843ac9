"""What a person's command leads to: a plan of events, or the answer at once. Pure: time, state and sender come in.

Each kind of command has its own module beside this one; what all of them need is here.
"""

from collections.abc import Mapping

from msgspec import Struct

from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import quoted
from tradewire.messages.control import ControlCode, ControlCommand, ControlReply
from tradewire.messages.log import Command
from tradewire.settings import Account
from tradewire.subjects import MANUAL_STRATEGY
from tradewire_ingest.domain.state import State


class Sender(Struct, frozen=True):
    """Who asks, when (µs since the epoch), and what the configuration says.

    `limits` are those that the configuration sets in the scope `global`, `people` how many may give commands, or None
    where that is not known. `strategies` are those that have a profile or a key.
    """

    identity: str
    time: int
    accounts: Mapping[str, Account]
    limits: frozenset[str] = frozenset()
    people: int | None = None
    strategies: frozenset[str] = frozenset()

    @property
    def brokers(self) -> frozenset[str]:
        """The brokers that hold accounts."""
        return frozenset(account.broker for account in self.accounts.values())

    def is_live(self, scope: str) -> bool:
        """Whether a live account lies in a scope. One that is configured no more counts as live."""
        kind, _, name = scope.partition(".")
        if kind == "account":
            return name not in self.accounts or self.accounts[name].is_live
        return any(account.is_live for account in self.accounts.values() if kind != "broker" or account.broker == name)


class Plan(Struct, frozen=True):
    """What to append, which orders it concerns, and what to say when it is in the log."""

    commands: tuple[Command, ...]
    message: str
    orders: tuple[str, ...] = ()
    code: ControlCode = "OK"
    warning: str = ""


Outcome = Plan | ControlReply


def refuse(code: ControlCode, field: str, message: str, expected: str) -> ControlReply:
    """The answer to a command that is not carried out."""
    return ControlReply(ok=False, code=code, field=field, message=message, expected=expected)


def reused(command: ControlCommand) -> ControlReply:
    """The answer when a request's id was used for something else."""
    message = f"{command.request!r} was the id of another request, or of one whose orders are over"
    return refuse("IDEMPOTENCY_CONFLICT", "request", message, "a new request id")


def unknown_scope(scope: str, sender: Sender) -> ControlReply | None:
    """The answer to a scope that names an account or a broker that is not configured; None for every other."""
    kind, _, name = scope.partition(".")
    if kind == "account" and name not in sender.accounts:
        return unknown_account("scope", name, sender)
    if kind == "broker" and name not in sender.brokers:
        known = " or ".join(sorted(sender.brokers))
        return refuse("UNKNOWN_BROKER", "scope", f"{quoted(name)} is no broker of a configured account", known)
    return None


def unknown_strategy(scope: str, sender: Sender, state: State) -> str:
    """What to warn of where a scope names a strategy that nobody knows; such a scope is as good as any, or a slip."""
    kind, _, name = scope.partition(".")
    if kind != "strategy" or name in sender.strategies or name in state.strategies or name == MANUAL_STRATEGY:
        return ""
    meant = nearest(name, sorted(sender.strategies | state.strategies))
    said = f"no strategy {name} is known: it has no profile, no key and no order"
    return f"{said}. Did you mean {meant[0]}?" if meant else said


def unknown_account(field: str, name: str, sender: Sender) -> ControlReply:
    """The answer to an account that is not configured."""
    known = " or ".join(sorted(sender.accounts))
    return refuse("UNKNOWN_ACCOUNT", field, f"{quoted(name)} is no configured account", known)
