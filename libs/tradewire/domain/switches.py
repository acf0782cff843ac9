"""Switches and limits as the log tells them: which are in force for an order, and at which versions.

Scopes are `global`, `broker.<name>`, `account.<name>`, `strategy.<name>` and `symbol.<symbol>`. The highest switch of
those in scope holds; limits combine so that the tightest wins.
"""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from tradewire.errors import LogCorrupt
from tradewire.messages.log import Event

GLOBAL = "global"
LEVELS = ("NONE", "PAUSED", "REDUCE_ONLY", "HALT", "KILL")
EXITS_ONLY = frozenset({"PAUSED", "REDUCE_ONLY"})
"""Levels at which nothing but exits passes; at the higher ones nothing does."""
NOT_IN_LOG = "heard directly and not in the log yet"
"""What a router says of a halt that it keeps although the log does not hold it."""


class Switch(Struct, frozen=True, gc=False):
    """A scope's switch: its level, who threw or lifted it last, and the version of its stream."""

    level: str = "NONE"
    by: str = ""
    reason: str = ""
    version: int = 0
    at: int = 0
    request: str = ""


class Proposal(Struct, frozen=True, gc=False):
    """Limits that somebody asked for and a second person has not agreed to."""

    limits: dict[str, str]
    by: str
    reason: str
    request: str
    version: int
    at: int


class Limits(Struct, frozen=True, gc=False):
    """A scope's limits as texts by name, and the version of their stream.

    At `expires_at` (µs) the limits `then` take their place again. `proposal` is what waits for a second person.
    """

    limits: dict[str, str] = {}
    version: int = 0
    by: str = ""
    reason: str = ""
    request: str = ""
    at: int = 0
    expires_at: int | None = None
    then: dict[str, str] = {}
    proposal: Proposal | None = None


def account_scopes(account: str, broker: str = "") -> tuple[str, ...]:
    """The scopes that an account lies in as a whole, widest first; its broker's where one is named."""
    return (GLOBAL, *((f"broker.{broker}",) if broker else ()), f"account.{account}")


def scopes(account: str, strategy: str, symbol: str, broker: str = "") -> tuple[str, ...]:
    """The scopes that an order lies in, widest first."""
    return (*account_scopes(account, broker), f"strategy.{strategy}", f"symbol.{symbol}")


def control_stream(scope: str) -> str:
    return f"control-{scope}"


def limits_stream(scope: str) -> str:
    return f"limits-{scope}"


class Controls:
    """Every switch and every set of limits. Folded in place: it holds nothing but what the log said."""

    def __init__(self) -> None:
        self.switches: dict[str, Switch] = {}
        self.limits: dict[str, Limits] = {}
        self.generation = 0
        """Changes with every change, so that what was compiled from this is known to be old."""

    def fold(self, event: Event, data: Any) -> None:
        """Folds switches and limits. An account that a fact halted needs a person.

        Raises:
            LogCorrupt: a version is missing.
        """
        if event.type == "AccountHalted":
            self._switch(f"account.{data.account}", "HALT", data, event, own_stream=False)
        elif event.type == "Halted":
            self._switch(data.scope, data.level, data, event)
        elif event.type == "Resumed":
            self._switch(data.scope, "NONE", data, event)
        elif event.type == "LimitSet":
            held = self.limits.get(data.scope, Limits())
            self._in_order(held.version, event)
            self.limits[data.scope] = Limits(
                data.limits,
                event.version,
                data.by,
                data.reason,
                data.request,
                event.time,
                data.expires_at,
                data.old if data.expires_at is not None else {},
            )
        elif event.type == "LimitProposed":
            held = self.limits.get(data.scope, Limits())
            self._in_order(held.version, event)
            proposal = Proposal(data.limits, data.by, data.reason, data.request, event.version, event.time)
            self.limits[data.scope] = replace(held, version=event.version, proposal=proposal)
        else:
            return
        self.generation += 1

    def _switch(self, scope: str, level: str, data: Any, event: Event, *, own_stream: bool = True) -> None:
        held = self.switches.get(scope, Switch())
        version = held.version
        if own_stream:
            self._in_order(held.version, event)
            version = event.version
        if level != "NONE" and LEVELS.index(held.level) > LEVELS.index(level):
            level = held.level  # only a resume lowers a switch
        self.switches[scope] = Switch(level, data.by, data.reason, version, event.time, getattr(data, "request", ""))

    @staticmethod
    def _in_order(version: int, event: Event) -> None:
        if event.version != version + 1:
            raise LogCorrupt(f"{event.stream}: version {event.version} after {version} at position {event.pos}")

    def level(self, in_scope: tuple[str, ...]) -> tuple[str, str]:
        """The highest level among the scopes, and the scope that has it."""
        best, where = "NONE", ""
        for scope in in_scope:
            switch = self.switches.get(scope)
            if switch and LEVELS.index(switch.level) > LEVELS.index(best):
                best, where = switch.level, scope
        return best, where

    def control_versions(self, in_scope: tuple[str, ...]) -> dict[str, int]:
        """The version of each scope's control stream; 0 where nothing was ever written, which is guarded too."""
        return {scope: self.switches[scope].version if scope in self.switches else 0 for scope in in_scope}

    def limits_versions(self, in_scope: tuple[str, ...]) -> dict[str, int]:
        """The version of each scope's limits stream."""
        return {scope: self.limits[scope].version if scope in self.limits else 0 for scope in in_scope}
