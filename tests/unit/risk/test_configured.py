"""The configuration's limits: those that change are set, and none is loosened by itself where money is real."""

import pytest

from tests.unit.risk.builders import LIMITS, PAPER, SECOND, Log
from tradewire.build import build_id
from tradewire.domain.days import day_of
from tradewire.domain.limits import KINDS, read
from tradewire.errors import ConfigError
from tradewire.messages.account_events import LimitSet
from tradewire.messages.log import Frame
from tradewire.messages.registry import decode
from tradewire.settings import Account, Risk, Settings
from tradewire_risk.domain.configured import due_limits, refused_limits
from tradewire_risk.domain.limits import Bounds
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.settings import limit_texts, setup_of

LIVE = Setup(accounts={"paper": Profile("paper"), "real": Profile("real", live=True)})


def set_by(log: Log, texts: dict[str, str]) -> LimitSet:
    command = due_limits(log.state, texts, log.now)
    assert command is not None
    (event,) = log.append(command)
    assert event.stream == "limits-global"
    data = decode(event)
    assert isinstance(data, LimitSet)
    return data


def test_the_first_start_sets_the_limits() -> None:
    log = Log(limits={})
    data = set_by(log, LIMITS)
    assert (data.scope, data.limits, data.old, data.by) == ("global", LIMITS, {}, "configuration")
    assert log.state.limited
    assert due_limits(log.state, LIMITS, log.now) is None


def test_a_changed_configuration_sets_them_again_and_says_what_was_before() -> None:
    log = Log()
    changed = {**LIMITS, "max_order_value": "1"}
    assert set_by(log, changed).old == LIMITS
    assert due_limits(log.state, changed, log.now) is None


def test_what_a_person_set_stays_until_the_configuration_changes() -> None:
    log = Log()
    persons = {**LIMITS, "max_order_value": "1"}
    log.set_limits(persons, by="anna")
    assert due_limits(log.state, LIMITS, log.now) is None
    changed = {**LIMITS, "max_order_value": "20000"}
    assert set_by(log, changed).old == persons
    assert in_force(log) == changed


def in_force(log: Log) -> dict[str, str]:
    return log.state.controls.limits["global"].limits


def persons_text(log: Log, **texts: str) -> None:
    """A person sets limits of everything for good."""
    log.set_limits({**in_force(log), **texts}, by="person:anna")


def again(log: Log) -> Log:
    """Another process, that knows the log alone."""
    other = Log(log.state.setup, limits={})
    for event in log.events:
        other.state.apply(Frame("log", 1, event.pos, event.pos, event.pos, "", (event,)))
    other.versions, other.events = log.versions, log.events
    return other


@pytest.mark.parametrize("setup", [PAPER, LIVE])
def test_a_change_of_another_key_leaves_what_people_have_set(setup: Setup) -> None:
    log = Log(setup)
    persons_text(log, max_order_value="500")
    changed = {**LIMITS, "max_open_orders_per_symbol": "4"}
    data = set_by(log, changed)
    assert data.limits == {**changed, "max_order_value": "500"}
    assert data.configured == changed
    for each in (log, again(log)):
        assert due_limits(each.state, changed, log.now) is None
        assert refused_limits(each.state, changed, log.now) == ""


def test_where_money_is_real_the_configuration_loosens_nothing_by_itself() -> None:
    log = Log(LIVE)
    looser = {**LIMITS, "max_order_value": "99999", "restricted_symbols": "", "max_open_orders_per_symbol": "3"}
    data = set_by(log, looser)
    assert data.limits == {**LIMITS, "max_open_orders_per_symbol": "3"}
    for each in (log, again(log)):
        assert due_limits(each.state, looser, log.now) is None
        said = refused_limits(each.state, looser, log.now)
        assert "max_order_value 99999 instead of 10000" in said
        assert said.endswith("tradewire limits set global max_order_value=99999")
    assert refused_limits(log.state, {**looser, "max_order_value": "10000"}, log.now) == ""


def test_what_two_people_have_agreed_to_is_no_more_refused() -> None:
    log = Log(LIVE)
    looser = {**LIMITS, "max_order_value": "99999"}
    assert refused_limits(log.state, looser, log.now)
    assert due_limits(log.state, looser, log.now) is None
    persons_text(log, max_order_value="99999")
    assert refused_limits(log.state, looser, log.now) == ""
    assert set_by(log, looser).configured is None  # on record now, so that the same configuration says nothing new
    persons_text(log, max_order_value="500")
    assert due_limits(log.state, looser, log.now) is None
    assert in_force(log)["max_order_value"] == "500"


def test_a_limit_that_is_lifted_or_a_list_that_is_emptied_is_loosened() -> None:
    log = Log(LIVE, limits={"restricted_symbols": "KO", "max_open_positions": "3"})
    said = {**LIMITS, "restricted_symbols": "KO", "max_open_positions": "3"}
    looser = {**said, "restricted_symbols": "", "max_open_positions": "none"}
    assert due_limits(log.state, looser, log.now) is None
    assert "restricted_symbols" in refused_limits(log.state, looser, log.now)
    assert "max_open_positions" in refused_limits(log.state, looser, log.now)


@pytest.mark.parametrize("setup", [PAPER, LIVE])
def test_a_stricter_configuration_loosens_nothing_that_people_have_made_stricter_still(setup: Setup) -> None:
    log = Log(setup)
    persons_text(log, max_order_value="500")
    stricter = {**LIMITS, "max_order_value": "5000"}
    data = set_by(log, stricter)
    assert (data.limits["max_order_value"], data.configured) == ("500", stricter)
    assert due_limits(log.state, stricter, log.now) is None
    assert refused_limits(log.state, stricter, log.now) == ""


def for_a_while(log: Log, text: str) -> None:
    """A person sets max_order_value until a minute from now."""
    held = in_force(log)
    data = LimitSet(
        scope="global",
        limits={**held, "max_order_value": text},
        old=held,
        by="person:anna",
        reason="a while",
        expires_at=log.now + 60 * SECOND,
    )
    log.write("limits-global", data)


@pytest.mark.parametrize(
    ("temporary", "configured", "now", "then"),
    [
        ("15000", "5000", "5000", "5000"),  # stricter than what was raised for a while, which so has ended
        ("500", "5000", "500", "5000"),
        ("500", "20000", "500", "20000"),
        ("15000", "20000", "15000", "20000"),
    ],
)
def test_what_is_temporary_stays_where_it_is_the_stricter(temporary: str, configured: str, now: str, then: str) -> None:
    log = Log()
    for_a_while(log, temporary)
    command = due_limits(
        log.state, {**LIMITS, "max_order_value": configured, "max_open_orders_per_symbol": "4"}, log.now
    )
    assert command is not None
    log.append(command)
    held = log.state.controls.limits["global"]
    assert (held.limits["max_order_value"], held.limits["max_open_orders_per_symbol"]) == (now, "4")
    if now == then:
        assert held.expires_at is None
    else:
        assert (held.then["max_order_value"], held.expires_at) == (then, log.now + 60 * SECOND)
    assert (
        due_limits(log.state, {**LIMITS, "max_order_value": configured, "max_open_orders_per_symbol": "4"}, log.now)
        is None
    )


def test_of_two_instances_with_two_configurations_neither_loosens_what_the_other_said() -> None:
    log = Log(LIVE)
    strict, loose = {**LIMITS, "max_order_value": "5000"}, LIMITS
    set_by(log, strict)
    assert due_limits(log.state, loose, log.now) is None
    assert "max_order_value 10000 instead of 5000" in refused_limits(log.state, loose, log.now)
    assert due_limits(again(log).state, strict, log.now) is None


def test_a_limit_that_this_release_does_not_know_is_dropped() -> None:
    log = Log(LIVE, limits={"max_everything": "7"})
    assert "max_everything" not in set_by(log, LIMITS).limits
    assert due_limits(log.state, LIMITS, log.now) is None


def test_every_setting_of_risk_is_a_limit_that_reads() -> None:
    texts = limit_texts(Risk())

    assert set(texts) == set(KINDS) == set(Bounds.__struct_fields__)
    for name, text in texts.items():
        assert (read(name, text) is None) == (text == "")


def test_accounts_are_taken_from_the_settings() -> None:
    accounts = {"paper": Account(), "ny": Account(currency="EUR", time_zone="America/New_York")}
    setup = setup_of(Settings(accounts=accounts))
    assert setup.accounts["ny"].currency == "EUR"
    assert day_of(0, setup.accounts["ny"].zone) == "1969-12-31"
    assert day_of(0, setup.accounts["paper"].zone) == "1970-01-01"
    assert setup.build == build_id()


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_a_wrong_setting(zone: str) -> None:
    with pytest.raises(ConfigError) as caught:
        setup_of(Settings(accounts={"paper": Account(time_zone=zone)}))
    assert caught.value.key == "accounts.paper.time_zone"
