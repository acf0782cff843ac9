from decimal import Decimal

import msgspec

from tests.builders import TIME, requested
from tests.unit.cli.builders import fill, told
from tradewire_cli.views import plain


def test_times_are_rfc_3339_and_decimals_are_texts() -> None:
    found = msgspec.json.decode(plain.document({"fills": [fill(price=Decimal("187.250"))]}))["fills"][0]

    assert found["time"] == "2023-11-14T22:13:20Z"
    assert found["price"] == "187.250"
    assert found["broker_time"] is None
    assert plain.document({"quantity": Decimal("1E-12")}) == '{"quantity":"0.000000000001"}'


def test_what_an_event_carries_stays_as_the_log_has_it() -> None:
    event = told(requested(signal_time=TIME))

    found = plain.document(event)

    assert bytes(event.data).decode() in found
    assert '"at":"2023-11-14T22:13:20Z"' in found


def test_a_time_that_no_calendar_has_stays_a_number() -> None:
    assert plain.document({"at": -1}) == '{"at":-1}'


def test_a_document_is_one_line() -> None:
    assert "\n" not in plain.document({"words": "one\ntwo"})
