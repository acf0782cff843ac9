"""The permissions table as data: what must hold for every row, whatever is added to it."""

import pytest

from tradewire.errors import InvalidValue
from tradewire.permissions import SERVICE_USERS, WHO_AM_I, Kind, inbox_prefix, permissions_of, user_of

USERS = (*SERVICE_USERS, "strategy-momo", "person-anna")
PLAIN = tuple(user for user in USERS if user != "admin")


@pytest.mark.parametrize("user", PLAIN)
def test_nobody_but_admin_may_destroy_anything(user: str) -> None:
    for subject in permissions_of(user, "main").publish:
        if subject == WHO_AM_I:
            continue
        assert not subject.startswith((">", "*", "$JS.>", "$JS.API.>", "$SYS"))
        assert not any(verb in subject for verb in ("STREAM.DELETE", "PURGE", "MSG.DELETE", "STREAM.RESTORE"))


@pytest.mark.parametrize("user", PLAIN)
def test_everybody_hears_its_own_inbox_and_no_other(user: str) -> None:
    heard = permissions_of(user, "main").subscribe
    assert [subject for subject in heard if subject.startswith(("_INBOX", ">", "*"))] == [f"{inbox_prefix(user)}.>"]


@pytest.mark.parametrize("writer", ["ingest", "risk", "router"])
def test_an_append_comes_from_its_writer_alone(writer: str) -> None:
    subjects = {f"ledger.main.append.{writer}", f"ledger.main.lease.{writer}"}
    assert [user for user in PLAIN if subjects & set(permissions_of(user, "main").publish)] == [writer]
    assert not any(subject.startswith("ledger.main.append") and "*" in subject
                   for user in PLAIN for subject in permissions_of(user, "main").publish)  # fmt: skip


def test_a_shard_has_its_own_subjects() -> None:
    assert "log.asia" in permissions_of("sequencer", "asia").publish
    assert "$JS.API.STREAM.CREATE.LOG_asia" in permissions_of("sequencer", "asia").publish
    assert not any("main" in subject for subject in permissions_of("sequencer", "asia").publish)


@pytest.mark.parametrize(
    "name", ["", "Momo", "momo.x", "momo*", ">", "*", "momo ", "1momo", "a" * 33, "momo\n", "mömö"]
)
def test_a_name_that_breaks_the_rule_is_refused(name: str) -> None:
    kinds: tuple[Kind, ...] = ("strategy", "person")
    for kind in kinds:
        with pytest.raises(InvalidValue, match="is not allowed"):
            user_of(kind, name)
        with pytest.raises(InvalidValue):
            permissions_of(f"{kind}-{name}", "main")
    with pytest.raises(InvalidValue, match="shard"):
        permissions_of("risk", name)


@pytest.mark.parametrize("name", ["manual", "flatten"])
def test_no_strategy_may_speak_for_people(name: str) -> None:
    with pytest.raises(InvalidValue, match="kept for people"):
        user_of("strategy", name)
    assert user_of("person", name) == f"person-{name}"


@pytest.mark.parametrize("user", ["", "Risk", "risk2", "ledger", "strategy", "strategy-", "nobody"])
def test_an_unknown_user_is_refused(user: str) -> None:
    with pytest.raises(InvalidValue):
        permissions_of(user, "main")
