"""Frames, cut and put together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire_router.paper.faults import Faults
from tradewire_router.paper.wire import Fault, Framer, FrameTooLong


@given(
    payloads=st.lists(st.binary(max_size=40), max_size=8), cuts=st.lists(st.integers(1, 30), min_size=1, max_size=60)
)
def test_frames_survive_any_cutting(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(payload).to_bytes(4, "big") + payload for payload in payloads)
    framer, found, at = Framer(100), [], 0
    for cut in [*cuts, len(stream)]:
        found += framer.feed(stream[at : at + cut])
        at += cut
    assert found == payloads


def test_a_frame_that_is_too_long_is_refused_before_it_comes() -> None:
    with pytest.raises(FrameTooLong, match="101"):
        Framer(100).feed((101).to_bytes(4, "big"))


def test_a_fault_strikes_its_symbol_as_often_as_it_was_armed() -> None:
    faults = Faults(allowed=True)
    faults.arm("paper", Fault(kind="reject", times=2, symbol="AAPL"))
    faults.arm("paper", Fault(kind="reject", code="SECOND", symbol="AAPL"))
    faults.arm("paper", Fault(kind="drop_response"))
    assert list(faults.strike("paper", "MSFT")) == ["drop_response"]
    assert faults.strike("other", "AAPL") == {}
    assert [faults.strike("paper", "AAPL")["reject"].code for _ in range(3)] == [
        "ORDER_REJECTED",
        "ORDER_REJECTED",
        "SECOND",
    ]
    assert faults.strike("paper", "AAPL") == {}
    faults.arm("paper", Fault(kind="reject"))
    faults.disarm("paper")
    assert faults.strike("paper", "AAPL") == {}
