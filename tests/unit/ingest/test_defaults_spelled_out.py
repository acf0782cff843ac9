"""A default that a strategy spells out makes the same bytes as one that it leaves out, and decoding gives them back."""

import msgspec

from tests.unit.ingest.building import body, stored
from tests.unit.ingest.test_reactions import events_of


def test_the_bytes_of_an_order_request_do_not_depend_on_who_spelled_a_default() -> None:
    spelled = body(order_type="limit", limit_price="99.50", time_in_force="day", reduce_only=False)
    left_out = body(order_type="limit", limit_price="99.50")
    events = [events_of(raw)[1] for raw in (spelled, left_out)]
    assert bytes(events[0].data) == bytes(events[1].data)
    assert msgspec.json.encode(stored(events[0])) == bytes(events[0].data)
