"""The stored form of every event: what is in a log today must be read for ever, and written the same way."""

from pathlib import Path

import msgspec
import pytest

from tests.unit.messages.examples import EXAMPLES
from tradewire.messages.log import Event
from tradewire.messages.registry import EVENT_TYPES, decode, decode_for_state, new_event

ID = "00000000-0000-5000-8000-000000000000"
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_an_event_is_written_as_its_golden_file_and_read_back(name: str) -> None:
    row, data = EVENT_TYPES[name], EXAMPLES[name]
    stored = (GOLDEN / f"{name}.{row.schema}.json").read_bytes()
    written = new_event("s", 1, ID, data, time=1, correlation=None)

    assert bytes(written.data) == stored
    event = Event(1, "s", 1, written.event_id, name, row.schema, 1, 1, "w", None, None, msgspec.Raw(stored))
    assert msgspec.json.encode(decode(event)) == stored


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_what_states_are_made_from_is_the_event_without_its_grounds(name: str) -> None:
    stored = (GOLDEN / f"{name}.1.json").read_bytes()
    event = Event(1, "s", 1, ID, name, 1, 1, 1, "w", None, None, msgspec.Raw(stored))
    whole, state = (msgspec.json.decode(msgspec.json.encode(made(event))) for made in (decode, decode_for_state))

    assert state == {key: value for key, value in whole.items() if key in state}
    left_out = whole.keys() - state.keys()
    assert left_out <= {"checks", "quiet", "quotes", "mid", "sizing", "limits", "control"}
    assert bool(left_out) == ("checks" in whole)


def test_every_golden_file_is_of_a_known_type_and_schema() -> None:
    known = {f"{name}.{row.schema}.json" for name, row in EVENT_TYPES.items()}

    assert {path.name for path in GOLDEN.glob("*.json")} == known
