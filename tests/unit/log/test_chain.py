"""The hash chain's golden vectors: whoever writes another verifier can check it against these."""

import uuid

from msgspec import Raw

from tradewire import ids
from tradewire.messages.chain import fingerprint, genesis, link
from tradewire.messages.log import Event, NewEvent

LOG_ID = "3b0f9a52-0d4f-4d3a-9a43-0f5f6f7d1c11"
EVENT = Event(
    1,
    "order-1",
    1,
    "00112233-4455-6677-8899-aabbccddeeff",
    "OrderRequested",
    1,
    1_700_000_000_000_000,
    1_699_999_999_999_999,
    "ingest",
    "8f14e45f-ceea-467f-a8d3-1c2f3b4d5e6f",
    None,
    Raw(b'{"order":"1"}'),
)


def test_golden_vectors() -> None:
    start = genesis(LOG_ID)
    first = link(start, EVENT)

    assert start.hex() == "e584c5c67acebee07892e2f3ae9f1e8de957d801141e47b61ec8a6b79e8f0702"
    assert first.hex() == "08bf888ee8a239f35fdb4a2c408b10421f43aa9ac99028f197f9bb7da6e089a8"


def test_every_field_counts() -> None:
    start = genesis(LOG_ID)
    values = {link(start, EVENT)}
    fields = list(Event.__struct_fields__)
    changes = {
        "pos": 2,
        "stream": "order-2",
        "version": 2,
        "event_id": "00112233-4455-6677-8899-aabbccddee00",
        "type": "OrderDenied",
        "schema": 2,
        "at": 5,
        "time": 6,
        "writer": "risk",
        "correlation_id": None,
        "causation_id": EVENT.event_id,
        "data": Raw(b'{"order":"2"}'),
    }
    assert set(changes) == set(fields)
    for name, value in changes.items():
        parts = {f: getattr(EVENT, f) for f in fields} | {name: value}
        values.add(link(start, Event(**parts)))
    values.add(link(genesis("another"), EVENT))

    assert len(values) == len(fields) + 2


def test_an_absent_id_differs_from_any_id_and_fields_do_not_run_into_each_other() -> None:
    parts = {f: getattr(EVENT, f) for f in Event.__struct_fields__}
    swapped = parts | {"correlation_id": None, "causation_id": parts["correlation_id"]}
    shifted = parts | {"stream": EVENT.stream + "x", "type": EVENT.type[1:]}

    assert len({link(b"", Event(**p)) for p in (parts, swapped, shifted)}) == 3


def test_fingerprint_leaves_out_when_it_was_written() -> None:
    one = NewEvent("s", 1, EVENT.event_id, "T", 1, 5, None, None, Raw(b"{}"))
    later = NewEvent("s", 2, EVENT.event_id, "T", 1, 9, None, None, Raw(b"{}"))
    other = NewEvent("s", 1, EVENT.event_id, "T", 1, 5, None, None, Raw(b'{"a":1}'))

    assert fingerprint(one) == fingerprint(later) != fingerprint(other)


def test_ids_are_version_5_uuids_of_their_parts() -> None:
    for parts in (("a",), ("a", "b"), ("ä", "", "x" * 300)):
        assert ids.derive(*parts) == str(uuid.uuid5(ids.NAMESPACE, "\x1f".join(parts)))
    assert ids.derive("a", "bc") != ids.derive("ab", "c")


def test_client_order_ids_fit_every_venue() -> None:
    made = {ids.client_order_id("o", attempt, revision) for attempt in (1, 2) for revision in (0, 1)}

    assert len(made) == 4
    assert all(len(i) == 32 and i == i.lower() and int(i, 16) for i in made)
