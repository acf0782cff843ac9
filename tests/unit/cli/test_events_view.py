from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from tests.unit.cli.builders import NOW, seen, told, widest
from tests.unit.messages.examples import EXAMPLES
from tradewire.messages.account_events import LimitProposed, LimitSet
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


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("account: nix is not configured", "ACCOUNT_UNKNOWN: account: nix is not configured; expected paper"),
        ("nix is not configured", "ACCOUNT_UNKNOWN: account: nix is not configured; expected paper"),
    ],
)
def test_a_refusal_says_which_field_what_is_wrong_and_what_would_be_right(message: str, says: str) -> None:
    refused = replace(
        EXAMPLES["SignalRefused"], code="ACCOUNT_UNKNOWN", field="account", message=message, expected="paper"
    )

    assert events.short(told(refused)).endswith(f": {says}")


@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_line_fits_the_terminal_and_breaks_no_word(name: str, width: int) -> None:
    event = told(EXAMPLES[name])

    shown = events.line(event, NOW, width=width).plain

    assert widest(shown) <= max(width, *(len(word) + 10 for word in shown.split()))
    assert shown.split() == events.line(event, NOW).plain.split()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "global by person:anna: max_order_value=5, no cooldown: calm"),
        ({"seconded_by": "person:bob"}, "global by person:anna and person:bob: max_order_value=5, no cooldown: calm"),
        (
            {"expires_at": 1_772_000_000_000_000},
            "global by person:anna: max_order_value=5, no cooldown, until 2026-02-25T06:13:20Z: calm",
        ),
        ({"limits": {"cooldown": "1m"}}, "global by person:anna: nothing changed: calm"),
    ],
)
def test_a_change_of_limits_says_who_what_until_when_and_why(fields: dict[str, Any], says: str) -> None:
    given: dict[str, Any] = {"limits": {"max_order_value": "5"}, "old": {"cooldown": "1m"}, **fields}

    assert events.short(told(LimitSet(scope="global", by="person:anna", reason="calm", **given))) == says


def test_a_proposal_says_what_it_would_change() -> None:
    data = LimitProposed(
        scope="global", by="person:anna", reason="more", request="r", limits={"max_order_value": "9"}, old={}
    )

    assert events.short(told(data)) == "global by person:anna, needs a second person: max_order_value=9: more"


def test_a_deadline_that_no_calendar_has_is_no_end() -> None:
    far = replace(EXAMPLES["OrderHeld"], deadline=4_613_600_000_000_000_000)
    assert events.short(told(far)).endswith("needs a person until no end")
