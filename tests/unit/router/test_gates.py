"""When nothing new is sent, and how that is said."""

import time
from typing import Any

import msgspec
import pytest

from tradewire.bus import Message
from tradewire.messages.beats import ServiceBeat
from tradewire_router.domain import gates
from tradewire_router.upstream import Upstream

IN_STEP: dict[str, Any] = {"live": True, "problem": "", "age": 0.2, "most": 3.0, "pos": 40, "told": 40}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, ""),
        # The ledger's beat may have been made before what the tail has shown since.
        ({"told": 39}, ""),
        ({"age": 2.9}, ""),
        (
            {"age": 3.0, "live": False},
            "UPSTREAM_HEARTBEAT_LOST: the ledger was not heard for 3 s; nothing new is sent until it is",
        ),
        # A setting that is stricter than what makes the tail unsure.
        (
            {"age": 2.0, "most": 2.0},
            "UPSTREAM_HEARTBEAT_LOST: the ledger was not heard for 2 s; nothing new is sent until it is",
        ),
        (
            {"live": False, "pos": 12},
            "LEDGER_LAGGING: is at position 12 and the ledger at 40; waits until it has caught up",
        ),
        # Nothing was heard yet since the snapshot.
        ({"live": False, "told": 0}, "is not in step with the ledger"),
        # The tail does not listen while it waits for a snapshot, so the beat's age says nothing.
        (
            {"live": False, "problem": "waits for a snapshot: nobody answers", "age": 90.0},
            "LEDGER_LAGGING: waits for a snapshot: nobody answers",
        ),
    ],
)
def test_what_is_said_of_the_ledger(changes: dict[str, Any], says: str) -> None:
    assert gates.ledger(**{**IN_STEP, **changes}) == says


def test_what_is_said_of_an_approval_of_another_build() -> None:
    assert gates.build("approved by", "1.0+a", "1.0+a") == ""
    assert gates.build("approved by", "1.0+a", "1.0+b") == (
        "BUILD_MISMATCH: approved by build 1.0+a, and this router is build 1.0+b; restart the older of the two"
    )
    assert gates.build("approved by", "", "1.0+b") == (
        "BUILD_MISMATCH: approved by a build that does not name itself, and this router is build 1.0+b; "
        "restart the older of the two"
    )


def message(body: bytes) -> Message:
    return Message("heartbeat.risk.main", "", body)


def beat(**changes: Any) -> Message:
    fields = {"service": "risk", "instance": "risk-1", "ready": True, "build": "ours", "decides": True}
    return message(msgspec.json.encode(ServiceBeat(**{**fields, **changes})))


def silent(build: str = "ours") -> Upstream:
    """A router that has not heard risk for an hour."""
    upstream = Upstream(build)
    upstream._heard_at = time.monotonic() - 3600
    return upstream


LOST = "UPSTREAM_HEARTBEAT_LOST: a risk process that decides was not heard for 60 s; nothing new is sent until it is"


def test_risk_is_believed_until_it_was_not_heard_for_too_long() -> None:
    assert Upstream("ours").lost(60) == ""

    upstream = silent()
    assert upstream.lost(60) == LOST
    upstream.hear(beat())
    assert upstream.lost(60) == ""


@pytest.mark.parametrize(
    "idle", [beat(instance="risk-2", decides=False), message(b'{"service":"risk","instance":"risk-2","ready":true}')]
)
def test_a_process_that_does_not_decide_is_no_sign_of_one_that_does(idle: Message) -> None:
    upstream = silent()
    upstream.hear(idle)
    assert upstream.lost(60) == f"{LOST} (risk-2 was heard, and does not decide)"

    upstream.hear(beat())
    upstream.hear(idle)
    assert upstream.lost(60) == ""


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"service":"risk","instance":"\xff","ready":true}'])
def test_what_is_no_beat_is_no_sign(body: bytes) -> None:
    upstream = silent()
    upstream.hear(message(body))
    assert upstream.lost(60) == LOST


def test_a_risk_of_another_build_is_named_until_one_of_ours_is_heard() -> None:
    upstream = Upstream("ours")
    assert upstream.mismatch() == ""
    upstream.hear(beat(build="theirs"))
    assert upstream.mismatch() == (
        "BUILD_MISMATCH: risk is build theirs, and this router is build ours; restart the older of the two"
    )
    upstream.hear(beat(build="standing by", decides=False))
    assert "build theirs" in upstream.mismatch()
    upstream.hear(beat())
    assert upstream.mismatch() == ""
