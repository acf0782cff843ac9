"""Verifies that NATS lets a service say and hear exactly what the permissions table says."""

from collections.abc import Iterable
from typing import Any

import msgspec

from tradewire.bus import Bus
from tradewire.errors import InvalidValue, Unavailable
from tradewire.permissions import WHO_AM_I, Permissions, inbox_prefix, permissions_of

_MEND = (
    "write users.conf from this build's table, `python -m tradewire_cli.engines.render users`, and have the server "
    "read it again"
)
_Given = dict[str, Any]


async def problem(bus: Bus, user: str, shard: str) -> str:
    """Returns why the server's rights of a user are not the table's, or nothing.

    Raises:
        Unavailable: the server does not answer.
    """
    try:
        wanted = permissions_of(user, shard)
    except InvalidValue as error:
        return f"{error.message}: set nats.user to {error.expected}"
    if user == "admin":
        return ""
    try:
        answer = await bus.request(WHO_AM_I, b"", timeout=2.0)
    except Unavailable:
        if _refused(bus, f"{inbox_prefix(user)}."):
            await bus.reconnect()  # the server has dropped the inbox; it is asked for again, and may be allowed by now
            return f"NATS does not let {user} hear what it is answered, {inbox_prefix(user)}.>: {_MEND}"
        if not _refused(bus, WHO_AM_I):
            raise
        return f"NATS refuses {WHO_AM_I} to {user}, so that its rights cannot be verified: {_MEND}"
    given = msgspec.json.decode(answer.data).get("data", {}).get("permissions")
    found = differences(wanted, given)
    return f"NATS {found[0]} {user}{_others(found)}: {_MEND}" if found else ""


def _refused(bus: Bus, subject: str) -> bool:
    return any(subject.lower() in refusal for refusal in bus.refusals)


def differences(wanted: Permissions, given: _Given | None) -> list[str]:
    """What the rights as the server tells them lack, and where they go further; each as the middle of a sentence."""
    if not given:
        return ["refuses nothing to"]
    found = []
    for verb, subjects in (("publish", wanted.publish), ("subscribe", wanted.subscribe)):
        rights = given.get(verb) or {}
        allowed, denied = set(rights.get("allow") or ()), set(rights.get("deny") or ())
        found += [f"does not let {verb} {subject}:" for subject in _in_order(set(subjects) - allowed)]
        found += [f"denies {verb} {subject} to" for subject in _in_order(denied)]
        found += [f"lets {verb} {subject}, which is not for" for subject in _in_order(allowed - set(subjects))]
        if not allowed:
            found.append(f"lets {verb} everything, which is not for")
    replies = (given.get("responses") or {}).get("max", 0)
    if replies != wanted.responses:
        found.append(f"lets answer {replies} times per request, not {wanted.responses} times,")
    return found


def _in_order(subjects: Iterable[str]) -> list[str]:
    return sorted(subjects)


def _others(found: list[str]) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""
