"""Identifiers derived from causes (DESIGN §1.3): the same cause gives the same id in every process, for ever.

All are version 5 UUIDs (RFC 9562 §5.5) under one namespace, over the parts joined with U+001F, so that no two lists of
parts can spell the same name. Ids are text: 36 characters, lowercase.
"""

from hashlib import sha1
from uuid import UUID

NAMESPACE = UUID("6f0f6b6e-3f1d-5c3e-9a57-7472616465aa")
_NAMESPACE_BYTES = NAMESPACE.bytes
_VARIANT = {c: "89ab"[int(c, 16) & 3] for c in "0123456789abcdef"}


def derive(*parts: str) -> str:
    """Returns the UUID of a cause. Equal to `str(uuid.uuid5(NAMESPACE, "\\x1f".join(parts)))`, but cheaper."""
    h = sha1(_NAMESPACE_BYTES + "\x1f".join(parts).encode(), usedforsecurity=False).hexdigest()
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{_VARIANT[h[16]]}{h[17:20]}-{h[20:32]}"


def signal_uuid(source: str, strategy: str, signal_id: str) -> str:
    """A signal is what its strategy calls it, at the door where it came in."""
    return derive("signal", source, strategy, signal_id)


def refusal_uuid(source_instance: str, sequence: int) -> str:
    """A refused message is known by where it lay, because its own id cannot be trusted."""
    return derive("refusal", source_instance, str(sequence))


def order_uuid(signal: str, account: str, leg: int) -> str:
    """One order per signal, account and leg."""
    return derive("order", signal, account, str(leg))


def decision_uuid(order: str, kind: str, attempt: int, ordinal: int = 0) -> str:
    """A decision about an order: its kind (an event type), the attempt, and which of its kind it is."""
    return derive("decision", order, kind, str(attempt), str(ordinal))


def fill_uuid(broker: str, account: str, execution: str, revision: int) -> str:
    """A fill, correction or bust: the broker's execution id without its revision, and the revision."""
    return derive("fill", broker, account, execution, str(revision))


def status_uuid(broker: str, order: str, status: str, key: str) -> str:
    """A status reported by a broker; `key` is the broker's own key of that report."""
    return derive("status", broker, order, status, key)


def command_uuid(request: str, kind: str, ordinal: int = 0) -> str:
    """An event caused by a person's command; `request` is made by the sender and sent again on a retry."""
    return derive("command", request, kind, str(ordinal))


def timer_uuid(stream: str, kind: str, due: int) -> str:
    """An event caused by time: `due` in microseconds since the epoch."""
    return derive("timer", stream, kind, str(due))


def reconciliation_uuid(account: str, epoch: int, counter: int) -> str:
    """An event found by comparing with the broker, under one lease epoch."""
    return derive("reconciliation", account, str(epoch), str(counter))


def client_order_id(order: str, attempt: int, revision: int = 0) -> str:
    """The id that the broker knows an order by: 32 lowercase hex digits, valid at every supported venue."""
    return derive("client-order", order, str(attempt), str(revision)).replace("-", "")
