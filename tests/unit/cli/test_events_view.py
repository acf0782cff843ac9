import pytest
from msgspec import Raw
from msgspec.structs import replace

from tests.unit.cli.builders import NOW, seen, told
from tests.unit.messages.examples import EXAMPLES
from tradewire.messages.registry import EVENT_TYPES
from tradewire_cli.views import events


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_every_type_of_event_has_its_words(name: str) -> None:
    assert events.short(told(EXAMPLES[name])).strip()


def test_a_line_has_position_time_order_type_and_words() -> None:
    event = told(EXAMPLES["OrderFilled"], pos=42, after=123_000)

    assert event.order is not None
    line = events.line(event, NOW).plain
    assert line.split()[0] == "42"
    assert ".123" in line
    assert event.order[:8] in line
    assert line.endswith(events.short(event))
    assert event.order[:8] not in events.line(event, NOW, orders=False).plain.replace(events.short(event), "")


def test_an_event_of_a_later_release_is_shown_without_words() -> None:
    event = replace(told(EXAMPLES["OrderFilled"]), type="OrderPraised", data=Raw(b'{"order":"x"}'))

    assert seen(events.line(event, NOW)).endswith("praised")


def test_a_denial_says_code_and_reason() -> None:
    denied = EXAMPLES["OrderDenied"]

    assert events.short(told(denied)) == f"{denied.reason}: {denied.message}"  # type: ignore[attr-defined]
