"""What Alpaca's order stream says, as events of the port."""

from tradewire_router.brokers import events as e
from tradewire_router.brokers.alpaca.known import Known
from tradewire_router.brokers.alpaca.updates import events_of


def test_a_message_that_cannot_be_read_is_quoted_as_far_as_it_fits() -> None:
    order = {"id": "61e69015", "client_order_id": "c", "filled_qty": "many", "why": "x" * 1000}
    (notice,) = events_of("main", Known(), {"event": "fill", "order": order}, 1)
    assert isinstance(notice, e.BrokerNotice)
    assert notice.code == "UNREADABLE"
    assert "filled_qty that cannot be read: 'many'" in notice.text
    assert "'event': 'fill'" in notice.text
    assert len(notice.text) == 500
