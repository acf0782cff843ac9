"""The configuration's limits: appended when they change, and only then."""

import pytest

from tests.unit.risk.builders import LIMITS, Log
from tradewire.domain.limits import KINDS, read
from tradewire.errors import ConfigError
from tradewire.messages.account_events import LimitSet
from tradewire.messages.registry import decode
from tradewire.settings import Account, Risk, Settings
from tradewire_risk.domain.configured import due_limits
from tradewire_risk.domain.days import day_of
from tradewire_risk.domain.limits import Bounds
from tradewire_risk.settings import limit_texts, setup_of


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
    changed = {**LIMITS, "max_order_value": "2"}
    assert set_by(log, changed).old == persons


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


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_time_zone_that_does_not_exist_is_a_wrong_setting(zone: str) -> None:
    with pytest.raises(ConfigError) as caught:
        setup_of(Settings(accounts={"paper": Account(time_zone=zone)}))
    assert caught.value.key == "accounts.paper.time_zone"
