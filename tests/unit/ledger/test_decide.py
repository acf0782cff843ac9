"""What the ledger decides about a batch, without a database."""

import pytest

from tests.builders import approved, command, fact, new, nothing, requested, started, stored
from tradewire.messages.log import AppendRequest, Command, Event, Fence, Result
from tradewire.messages.order_events import OrderFilled
from tradewire_ledger.domain.decide import Decision, LeaseView, Pending, Unknown, decide
from tradewire_ledger.domain.memory import Memory

ROUTER = Fence("router-paper", 3)
RISK = Fence("risk-main", 1)
LEASES = LeaseView({"router-paper": (3, "router"), "risk-main": (1, "risk")})


def pending(*commands: Command, writer: str = "ingest", fence: Fence | None = None, size: int = 100) -> Pending:
    return Pending(writer, "reply", AppendRequest(commands, fence), size)


def memory(*events: Event) -> Memory:
    held = Memory()
    held.committed(events)
    return held


def run(held: Memory, *batch: Pending, facts_only: str = "") -> Decision:
    """Decides; whatever is asked for does not exist."""
    for _ in range(3):
        try:
            return decide(batch, held, LEASES, facts_only=facts_only)
        except Unknown as unknown:
            held.answer(dict.fromkeys(unknown.streams, 0), dict.fromkeys(unknown.ids))
    raise AssertionError("asks for ever")


def codes(decision: Decision) -> list[list[str]]:
    return [[r.code if isinstance(r, Result) else "accepted" for r in results] for results in decision.results]


FIRST = stored(new(requested(), version=1), pos=1, version=1, writer="ingest")
SECOND = stored(new(approved(), version=2), pos=2, version=2, writer="risk")


def test_a_new_stream_needs_no_lookup() -> None:
    decision = decide([pending(command(nothing("a")), command(nothing("b")))], Memory(), LEASES)

    assert codes(decision) == [["accepted", "accepted"]]
    assert [item.version for item in decision.accepted] == [1, 1]


def test_an_exact_version_that_is_not_next_conflicts() -> None:
    batch = pending(command(new(approved(), version=3)), writer="risk", fence=RISK)

    assert codes(run(memory(FIRST), batch)) == [["version_conflict"]]


def test_a_fact_takes_the_next_version_whatever_it_is() -> None:
    filled = new(fact(OrderFilled))
    decision = run(memory(FIRST, SECOND), pending(command(filled), writer="router", fence=ROUTER))

    assert [item.version for item in decision.accepted] == [3]


def test_commands_do_not_make_each_other_fail() -> None:
    held = memory(FIRST)
    decision = run(
        held,
        pending(
            command(new(approved(), version=9)),
            command(new(approved(), version=2)),
            command(new(approved(attempt=2), version=2)),
            writer="risk",
            fence=RISK,
        ),
    )

    assert codes(decision) == [["version_conflict", "accepted", "version_conflict"]]


def test_two_requests_of_one_batch_are_decided_one_after_the_other() -> None:
    held = memory(FIRST)
    same = new(approved(), version=2)
    other = new(approved(attempt=2), version=2)
    decision = run(
        held,
        pending(command(same), writer="risk", fence=RISK),
        pending(command(same), writer="risk", fence=RISK),
        pending(command(other), writer="risk", fence=RISK),
    )

    assert codes(decision) == [["accepted"], ["accepted"], ["version_conflict"]]
    assert len(decision.accepted) == 1
    assert decision.repeats == [(1, 0, 0, 1)]


@pytest.mark.parametrize(
    ("fence", "writer", "code"),
    [
        (ROUTER, "router", "accepted"),
        (None, "router", "stale_fence"),
        (Fence("router-paper", 2), "router", "stale_fence"),
        (Fence("router-paper", 4), "router", "stale_fence"),
        (Fence("router-other", 3), "router", "stale_fence"),
        (RISK, "router", "stale_fence"),
    ],
)
def test_a_fence_must_be_the_lease_that_is_held_by_its_writer(fence: Fence | None, writer: str, code: str) -> None:
    batch = pending(command(new(started(), version=3)), writer=writer, fence=fence)

    assert codes(run(memory(FIRST, SECOND), batch)) == [[code]]


def test_the_fence_comes_before_the_ids() -> None:
    batch = pending(command(new(approved(), version=2)), writer="risk", fence=Fence("risk-main", 9))

    assert codes(run(memory(FIRST, SECOND), batch)) == [["stale_fence"]]


def test_known_ids_with_the_same_content_are_a_replay_and_come_back() -> None:
    batch = pending(command(new(approved(), version=2)), writer="risk", fence=RISK)
    decision = run(memory(FIRST, SECOND), batch)
    result = decision.results[0][0]

    assert isinstance(result, Result)
    assert (result.code, result.positions, result.events) == ("replayed", (2,), (SECOND,))
    assert not decision.accepted


def test_known_ids_with_other_content_are_reused() -> None:
    same_id = stored(nothing("a"), pos=1, version=1)
    batch = pending(command(nothing("a", reason="another")))

    assert codes(run(memory(same_id), batch)) == [["id_reused"]]


def test_only_some_known_ids_are_reused() -> None:
    known = stored(nothing("a"), pos=1, version=1)

    assert codes(run(memory(known), pending(command(nothing("a"), nothing("b"))))) == [["id_reused"]]


def test_ids_come_before_guards_and_versions() -> None:
    """A command whose guard has changed since is still a replay when it was appended long ago."""
    held = Memory()
    held.start({"control-global": 5})
    batch = pending(command(new(approved(), version=2), guards=[("control-global", 4)]), writer="risk", fence=RISK)
    with pytest.raises(Unknown) as asked:
        decide([batch], held, LEASES)
    held.answer({}, {SECOND.event_id: SECOND})

    assert asked.value.ids == {SECOND.event_id}
    assert codes(decide([batch], held, LEASES)) == [["replayed"]]


@pytest.mark.parametrize(("version", "code"), [(5, "accepted"), (4, "guard_changed"), (6, "guard_changed")])
def test_guards_hold_streams_that_are_not_written(version: int, code: str) -> None:
    held = memory(FIRST)
    held.start({"control-global": 5})
    guards = [("control-global", version), ("control-account.paper", 0)]
    batch = pending(command(new(approved(), version=2), guards=guards), writer="risk", fence=RISK)

    assert codes(run(held, batch)) == [[code]]


def test_a_guard_sees_what_the_same_batch_appends_before() -> None:
    from tradewire.messages.account_events import Halted

    held = memory(FIRST, SECOND)
    halted = Halted(scope="global", level="HALT", by="person:anna", reason="test", request="r")
    halt = pending(command(new(halted, stream="control-global")), writer="ingest")
    submit = pending(command(new(started(), version=3), guards=[("control-global", 0)]), writer="router", fence=ROUTER)

    assert codes(run(held, halt, submit)) == [["accepted"], ["guard_changed"]]
    assert codes(run(held, submit, halt)) == [["accepted"], ["accepted"]]


@pytest.mark.parametrize(
    ("writer", "event", "code"),
    [
        ("risk", nothing("a"), "not_permitted"),
        ("ingest", new(started(), version=3), "not_permitted"),
        ("router", new(approved(), version=2), "not_permitted"),
        ("ingest", new(requested(), stream="control-global", version=1), "invalid"),
    ],
)
def test_a_writer_may_write_its_own_types_on_their_streams(writer: str, event: object, code: str) -> None:
    fence = {"risk": RISK, "router": ROUTER}.get(writer)
    batch = pending(command(event), writer=writer, fence=fence)  # type: ignore[arg-type]

    assert codes(run(Memory(), batch)) == [[code]]


def test_too_much_in_one_request_is_refused_whole() -> None:
    many = [command(nothing(str(n))) for n in range(257)]

    assert {code for row in codes(run(Memory(), pending(*many))) for code in row} == {"too_large"}
    assert codes(run(Memory(), pending(command(nothing("a")), size=1 << 20))) == [["too_large"]]


def test_a_lagging_stream_lets_only_facts_pass() -> None:
    held = memory(FIRST, SECOND)
    decision = run(
        held,
        pending(command(new(fact(OrderFilled))), writer="router", fence=ROUTER),
        pending(command(nothing("a"))),
        facts_only="the log stream lags",
    )

    assert codes(decision) == [["accepted"], ["unavailable"]]
