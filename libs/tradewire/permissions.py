"""Who may say and hear what on NATS: one table, from which the server's users are rendered.

Every user has exactly the subjects of its row, its own inbox `_INBOX.<user>.>`, and, when it answers requests, the
right to reply to them. Nothing is allowed by omission: a subject that is not listed is refused by the server.
"""

from types import MappingProxyType
from typing import Final, Literal

import msgspec
from msgspec import Struct

from tradewire.domain import flattening, names
from tradewire.errors import InvalidValue
from tradewire.subjects import MANUAL_STRATEGY, manual_signals

Role = Literal["sequencer", "reader", "ingest", "risk", "router", "paper", "backup", "feed", "probe", "admin"]
Kind = Literal["strategy", "person"]

WHO_AM_I: Final = "$SYS.REQ.USER.INFO"
"""Answered by the server with the user's own rights, so that a service can say at start what it lacks."""

PROBED_SERVERS: Final = 5
"""As many servers as a cluster of NATS may have."""
_ONE_REPLY: Final = 1
_ANY_REPLIES: Final = -1


class Permissions(Struct, frozen=True):
    """What one user may do. `responses`: replies allowed per request received, 0 for none, -1 for any number."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    responses: int = 0


_SERVICES: Final[MappingProxyType[Role, Permissions]] = MappingProxyType(
    {
        "sequencer": Permissions(
            publish=(
                "log.{shard}",
                "heartbeat.ledger.{shard}",
                "heartbeat.sequencer.{shard}",
                "$JS.API.STREAM.INFO.LOG_{shard}",
                "$JS.API.STREAM.CREATE.LOG_{shard}",
                "$JS.API.STREAM.UPDATE.LOG_{shard}",
                "$JS.API.STREAM.MSG.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}.>",
            ),
            subscribe=("ledger.{shard}.append.*", "ledger.{shard}.lease.*"),
            responses=_ONE_REPLY,
        ),
        "reader": Permissions(
            publish=(
                "events.{shard}.>",
                "heartbeat.reader.{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}.>",
            ),
            subscribe=("ledger.{shard}.snapshot", "ledger.{shard}.query.*", "log.{shard}", "heartbeat.ledger.{shard}"),
            responses=_ANY_REPLIES,
        ),
        "ingest": Permissions(
            publish=(
                "ledger.{shard}.append.ingest",
                "ledger.{shard}.lease.ingest",
                "ledger.{shard}.snapshot",
                "ledger.{shard}.query.*",
                "heartbeat.ingest.{shard}",
                "$JS.API.STREAM.INFO.SIGNALS",
                "$JS.API.STREAM.CREATE.SIGNALS",
                "$JS.API.STREAM.UPDATE.SIGNALS",
                "$JS.API.CONSUMER.CREATE.SIGNALS",
                "$JS.API.CONSUMER.CREATE.SIGNALS.>",
                "$JS.API.CONSUMER.DURABLE.CREATE.SIGNALS.*",
                "$JS.API.CONSUMER.INFO.SIGNALS.*",
                "$JS.API.CONSUMER.NAMES.SIGNALS",
                "$JS.API.CONSUMER.LIST.SIGNALS",
                "$JS.API.CONSUMER.DELETE.SIGNALS.*",
                "$JS.API.CONSUMER.MSG.NEXT.SIGNALS.*",
                "$JS.ACK.SIGNALS.>",
                "$JS.API.DIRECT.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}.>",
            ),
            subscribe=("control.>", "log.{shard}", "heartbeat.ledger.{shard}", "quotes.>"),
            responses=_ONE_REPLY,
        ),
        "risk": Permissions(
            publish=(
                "ledger.{shard}.append.risk",
                "ledger.{shard}.lease.risk",
                "ledger.{shard}.snapshot",
                "ledger.{shard}.query.*",
                "heartbeat.risk.{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}.>",
            ),
            subscribe=(
                "log.{shard}",
                "heartbeat.>",
                "quotes.>",
                "risk.{shard}.query.*",
            ),
            responses=_ONE_REPLY,
        ),
        "router": Permissions(
            publish=(
                "ledger.{shard}.append.router",
                "ledger.{shard}.lease.router",
                "ledger.{shard}.snapshot",
                "ledger.{shard}.query.*",
                "heartbeat.router.{shard}",
                "quotes.>",
                "$JS.API.DIRECT.GET.LOG_{shard}",
                "$JS.API.DIRECT.GET.LOG_{shard}.>",
            ),
            subscribe=(
                "log.{shard}",
                "heartbeat.>",
                "quotes.>",
                "bars.{shard}.query.*",
                "control.halt.>",
                "control.kill.>",
            ),
            responses=_ONE_REPLY,
        ),
        "paper": Permissions(publish=("heartbeat.paper.{shard}",), subscribe=("quotes.>",), responses=_ONE_REPLY),
        # Whether each server's disk still takes a publish; a wildcard would let it make other streams, too.
        "probe": Permissions(
            publish=tuple(
                subject
                for number in range(PROBED_SERVERS)
                for subject in (f"$JS.API.STREAM.CREATE.PROBE_{number}", f"probe.{number}")
            ),
            subscribe=(),
            responses=_ONE_REPLY,
        ),
        "backup": Permissions(publish=("heartbeat.backup.{shard}",), subscribe=(), responses=_ONE_REPLY),
        "feed": Permissions(publish=("quotes.>",), subscribe=("heartbeat.>", "events.>"), responses=_ONE_REPLY),
    }
)

_PEOPLE: Final[MappingProxyType[Kind, Permissions]] = MappingProxyType(
    {
        # The answer to a quote that asks for one, which is how a replay knows that the strategy is done with a day.
        "strategy": Permissions(
            publish=("signals.{name}", "bars.{shard}.query.*"), subscribe=("quotes.>",), responses=_ONE_REPLY
        ),
        "person": Permissions(
            publish=(
                manual_signals("{name}"),
                "control.*.{name}",
                "ledger.{shard}.query.*",
                "risk.{shard}.query.*",
                "bars.{shard}.query.*",
            ),
            subscribe=("events.>", "heartbeat.>", "quotes.>"),
        ),
    }
)

SERVICE_USERS: Final[tuple[Role, ...]] = (*_SERVICES, "admin")
"""The users that every installation has; strategies and people are added by name."""


def user_of(kind: Kind, name: str) -> str:
    """Returns the NATS user of a strategy or a person.

    Raises InvalidValue if the name breaks the naming rule, or is a strategy called `manual` or `flatten`.
    """
    _require_name(kind, name)
    if kind == "strategy" and name in {MANUAL_STRATEGY, flattening.STRATEGY}:
        raise InvalidValue("strategy_name", f"the strategy name {name!r} is kept for people", "another name")
    return f"{kind}-{name}"


def permissions_of(user: str, shard: str) -> Permissions:
    """Returns what a user may publish and hear in a shard, its own inbox included.

    `user` is a service's name, `strategy-<name>` or `person-<name>`. Raises InvalidValue for anything else.
    """
    _require_name("shard", shard)
    if user == "admin":
        return Permissions(publish=(">",), subscribe=(">",), responses=_ANY_REPLIES)
    inbox = f"{inbox_prefix(user)}.>"
    for role, row in _SERVICES.items():
        if user == role:
            filled = _filled(row, ("$SRV.>", inbox), shard=shard)
            return msgspec.structs.replace(filled, publish=(*filled.publish, WHO_AM_I))
    for kind, row in _PEOPLE.items():
        if user.startswith(f"{kind}-"):
            name = user.removeprefix(f"{kind}-")
            user_of(kind, name)
            return _filled(row, (inbox,), shard=shard, name=name)
    expected = f"one of {', '.join(SERVICE_USERS)}, strategy-<name> or person-<name>"
    raise InvalidValue("user", f"there is no NATS user {user!r}", expected)


def inbox_prefix(user: str) -> str:
    """Returns the prefix that a user's client must set, so that nobody else can read its replies."""
    return f"_INBOX.{user}"


def _filled(row: Permissions, also_heard: tuple[str, ...], **values: str) -> Permissions:
    return Permissions(
        publish=tuple(subject.format(**values) for subject in row.publish),
        subscribe=tuple(subject.format(**values) for subject in row.subscribe) + also_heard,
        responses=row.responses,
    )


def _require_name(what: str, name: str) -> None:
    if not names.is_name(name):
        expected = "1 to 32 of a-z, 0-9, '_' and '-', starting with a letter"
        raise InvalidValue(f"{what}_name", f"the {what} name {name!r} is not allowed", expected)
