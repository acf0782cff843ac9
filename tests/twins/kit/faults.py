"""The fault menu of every twin: what may go wrong on the wire, armed for the nth matching call or for a time.

A call is named `METHOD /path` and a streamed message `push <channel> <kind>`; a fault's `on` is a pattern over those
names (`POST /v2/orders`, `* /v2/orders/*`, `push trade_updates fill`). What goes wrong inside the venue (late fills,
busts, overfills, manual orders, revoked keys, a skewed clock) is a verb of the venue instead.
"""

import asyncio
import time
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import msgspec

CALL_FAULTS = {
    "delay_before": "wait `milliseconds`, then handle the call",
    "delay_after": "handle the call, wait `milliseconds`, then answer: the stream may tell first",
    "status_before": "answer `status` with `body` and `headers`; the call is not handled",
    "status_after": "handle the call, then answer `status` with `body` and `headers` all the same",
    "drop_before": "close the connection; the call is not handled",
    "drop_after": "handle the call, then close the connection without an answer",
    "reset_before": "reset the connection; the call is not handled",
    "reset_after": "handle the call, then reset the connection",
    "wait_before": "wait until the fault is disarmed, then handle the call",
    "wait_after": "handle the call, and answer when the fault is disarmed: the stream tells first",
    "hang_before": "never answer, and keep the connection open; the call is not handled",
    "hang_after": "handle the call, then never answer, and keep the connection open",
    "cut_after": "handle the call, send half of the answer and close the connection",
}
PUSH_FAULTS = {
    "lose": "do not send the message",
    "duplicate": "send the message `copies` times more",
    "delay": "send the message and all behind it `milliseconds` later",
    "late": "send the message `milliseconds` later; those behind it overtake it",
    "swap": "send the message after the next one",
    "hold": "send nothing until the fault is disarmed, then all of it in order",
    "mute": "half-open: send nothing, lose it, answer no ping, and keep the connection open",
    "close": "close the connection instead of sending the message",
    "reset": "reset the connection instead of sending the message",
}
STANDING = frozenset({"hold", "mute"})


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault: bites at the `nth` match after it was armed and the `times - 1` following ones (0: all of them),
    until `seconds` after it was armed (0: for ever)."""

    kind: str
    on: str
    nth: int = 1
    times: int = 1
    seconds: float = 0
    milliseconds: int = 0
    status: int = 0
    body: str = ""
    content_type: str = "application/json"
    headers: dict[str, str] = {}
    copies: int = 1


class Armed:
    """A fault with what it has seen and done; `free` is set when it is disarmed."""

    def __init__(self, number: int, fault: Fault, since: float) -> None:
        self.number, self.fault, self.since = number, fault, since
        self.matched = 0
        self.bitten = 0
        self.free = asyncio.Event()

    def over(self, now: float) -> bool:
        return bool(self.fault.seconds) and now - self.since > self.fault.seconds

    def bites(self, name: str, now: float) -> bool:
        """Counts a call or message, and says whether the fault applies to it."""
        if self.over(now) or not fnmatchcase(name, self.fault.on):
            return False
        self.matched += 1
        last = self.fault.nth + self.fault.times - 1
        bitten = self.matched >= self.fault.nth and (self.fault.times == 0 or self.matched <= last)
        self.bitten += bitten
        return bitten

    def told(self) -> dict[str, Any]:
        return {
            "id": self.number,
            "matched": self.matched,
            "bitten": self.bitten,
            "fault": msgspec.to_builtins(self.fault),
        }


class Menu:
    """The faults that are armed."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._number = 0
        self._armed: dict[int, Armed] = {}

    def arm(self, fault: Fault) -> int:
        """Arms a fault and gives its number.

        Raises:
            ValueError: the kind is not on the menu, does not go with what it is armed on, or lacks its status.
        """
        known = PUSH_FAULTS if fault.on.startswith("push ") else CALL_FAULTS
        if fault.kind not in known:
            raise ValueError(f"a fault on {fault.on!r} is one of {', '.join(known)}, not {fault.kind!r}")
        if fault.kind.startswith("status_") and not 200 <= fault.status <= 599:
            raise ValueError(f"{fault.kind} needs a status between 200 and 599, not {fault.status}")
        if fault.nth < 1 or fault.times < 0:
            raise ValueError("nth starts at 1, and times is 0 (always) or more")
        self._number += 1
        self._armed[self._number] = Armed(self._number, fault, self._now())
        return self._number

    def disarm(self, number: int | None = None) -> None:
        """Takes one fault back, or all of them."""
        for one in list(self._armed) if number is None else [number]:
            if (armed := self._armed.pop(one, None)) is not None:
                armed.free.set()

    def bite(self, name: str) -> list[Armed]:
        """The faults that apply to this call or message; each of them counts it. Standing ones are asked for apart."""
        now = self._now()
        return [armed for armed in self._armed.values() if armed.fault.kind not in STANDING and armed.bites(name, now)]

    def standing(self, kind: str, channel: str) -> bool:
        """Whether a channel is held or muted now."""
        now = self._now()
        return any(
            armed.fault.kind == kind and not armed.over(now) and fnmatchcase(f"push {channel} -", armed.fault.on)
            for armed in self._armed.values()
        )

    def told(self) -> list[dict[str, Any]]:
        return [armed.told() for armed in self._armed.values()]
