"""Whether SIGNALS is the stream that the log knows."""

from tests.unit.ingest.building import NOW, stored
from tradewire.messages.signals_events import SignalsGapSuspected, SignalsStreamSeen
from tradewire_ingest.domain.state import StreamSeen
from tradewire_ingest.gap import announce
from tradewire_ingest.stream import Seen

SEEN = Seen("new", last_sequence=4, bytes=0, max_bytes=1)


def test_the_first_stream_is_noted_without_a_gap() -> None:
    command = announce(None, SEEN, NOW)
    assert command is not None
    assert [stored(event) for event in command.events] == [SignalsStreamSeen(instance="new")]


def test_the_same_stream_is_not_noted_again() -> None:
    assert announce(StreamSeen("new", 3), SEEN, NOW) is None


def test_another_stream_is_a_gap() -> None:
    command = announce(StreamSeen("old", 3), SEEN, NOW)
    assert command is not None
    assert [stored(event) for event in command.events] == [
        SignalsStreamSeen(instance="new"),
        SignalsGapSuspected(old_instance="old", new_instance="new", last_sequence=4),
    ]
    assert {event.stream for event in command.events} == {"system"}


def test_a_stream_that_comes_back_later_is_a_gap_of_its_own() -> None:
    once, again = announce(StreamSeen("old", 3), SEEN, NOW), announce(StreamSeen("old", 9), SEEN, NOW)
    assert once is not None
    assert again is not None
    assert {event.event_id for event in once.events}.isdisjoint(event.event_id for event in again.events)
