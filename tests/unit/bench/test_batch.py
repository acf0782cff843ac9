"""What the bare sequencer lets into a commit."""

from collections.abc import Mapping

from bench.floor.bare.batch import Batch, Request
from bench.floor.bare.store import Head
from msgspec import Raw

from tradewire.ids import derive
from tradewire.messages import chain
from tradewire.messages.log import AppendRequest, Command, NewEvent, decode_append_reply, decode_frame

HEAD = Head(epoch=4, frame=9, pos=100, hash=bytes(32))


def new(stream: str, version: int | None, name: str) -> NewEvent:
    return NewEvent(stream, version, derive(name), "OrderApproved", 1, 5, None, None, Raw(b"{}"))


def batch(
    *commands: Command, versions: Mapping[str, int] | None = None, known: Mapping[str, int] | None = None, at: int = 0
) -> Batch:
    requests = [Request("risk", f"reply-{n}", AppendRequest((command,))) for n, command in enumerate(commands)]
    return Batch(requests, versions or {}, HEAD, at, known or {})


def codes(decided: Batch) -> list[str]:
    return [decode_append_reply(message).results[0].code for _, message in decided.replies()]


def test_requests_share_a_frame_with_positions_without_a_gap_and_an_intact_chain() -> None:
    decided = batch(Command((new("a", 1, "1"), new("b", 4, "2"))), Command((new("a", 2, "3"),)), versions={"b": 3})
    frame = decode_frame(decided.frame())
    assert (frame.frame, frame.first_pos, frame.last_pos) == (10, 101, 103)
    assert [(event.pos, event.stream, event.version) for event in frame.events] == [
        (101, "a", 1),
        (102, "b", 4),
        (103, "a", 2),
    ]
    value = HEAD.hash
    for event in frame.events:
        value = chain.link(value, event)
    assert value.hex() == frame.hash
    assert [decode_append_reply(message).results[0].positions for _, message in decided.replies()] == [
        (101, 102),
        (103,),
    ]
    assert [subject for subject, _ in decided.replies()] == ["reply-0", "reply-1"]
    assert decided.versions == {"a": 2, "b": 4}


def test_a_fact_takes_the_next_version() -> None:
    decided = batch(Command((new("a", None, "1"),)), Command((new("a", None, "2"),)), versions={"a": 7})
    assert [event.version for event in decided.events] == [8, 9]


def test_a_version_that_does_not_fit_is_refused_whole_and_asks_for_a_look() -> None:
    decided = batch(Command((new("b", 1, "1"), new("a", 3, "2"))), Command((new("b", 1, "3"),)), versions={"a": 3})
    assert codes(decided) == ["version_conflict", "appended"]
    assert [event.event_id for event in decided.events] == [derive("3")]
    assert decided.doubtful


def test_known_ids_are_replayed_with_their_positions_before_versions_are_looked_at() -> None:
    decided = batch(Command((new("a", 1, "1"),)), versions={"a": 5}, known={derive("1"): 17})
    result = decode_append_reply(decided.replies()[0][1]).results[0]
    assert (result.code, result.positions) == ("replayed", (17,))
    assert not decided.events
    assert not decided.doubtful


def test_ids_of_which_only_some_are_known_are_refused() -> None:
    decided = batch(Command((new("a", 1, "1"), new("a", 2, "2"))), known={derive("1"): 17})
    assert codes(decided) == ["id_reused"]


def test_the_same_id_twice_in_one_commit_goes_in_once() -> None:
    decided = batch(Command((new("a", None, "1"),)), Command((new("a", None, "1"),)))
    assert codes(decided) == ["appended", "unavailable"]
    assert len(decided.events) == 1
    assert decided.doubtful


def test_the_time_of_a_commit_never_falls() -> None:
    later = 10**18
    assert {event.at for event in batch(Command((new("a", 1, "1"),)), at=later).events} == {later}
