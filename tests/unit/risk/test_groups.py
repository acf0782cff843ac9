"""Groups of symbols: what they may be called, and what an account may have in each."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.risk.builders import LIMITS, Log
from tradewire.errors import ConfigError
from tradewire.messages.account_events import LimitWarning
from tradewire.messages.order_events import OrderDenied
from tradewire.messages.registry import decode
from tradewire.messages.vocabulary import CheckResult
from tradewire.setting_reading import load
from tradewire.settings import Settings
from tradewire_risk.domain.decide import Decided
from tradewire_risk.domain.groups import largest, worth
from tradewire_risk.domain.portfolio import Line, Portfolio
from tradewire_risk.domain.profile import Profile, Setup
from tradewire_risk.domain.reasons import Reason
from tradewire_risk.domain.timers import due_warnings
from tradewire_risk.settings import setup_of

TECH = frozenset({"AAPL", "MSFT"})
WIDE = frozenset({"AAPL", "MSFT", "XOM"})
LIMIT = "max_group_concentration"


def grouped(limit: str = "50", cash: str = "10000", **groups: frozenset[str]) -> Log:
    """An account of 10,000 in cash, with AAPL, MSFT and XOM at 100 each."""
    log = Log(Setup(accounts={"paper": Profile("paper")}, groups=groups or {"tech": TECH}), {LIMIT: limit})
    log.cash(cash)
    for symbol in ("MSFT", "XOM"):
        log.quote(symbol, "100")
    return log


def row(decided: Decided, name: str = "group") -> CheckResult:
    (found,) = [check for check in decided.data.every_check() if check.name == name]
    return found


def judged(decided: Decided) -> tuple[str | None, str | None, bool]:
    found = row(decided)
    return (found.value, found.limit, found.passed)


def test_the_limit_is_reached_by_all_symbols_of_the_group_together() -> None:
    log = grouped()
    log.hold("20", symbol="MSFT")
    assert judged(log.decide(log.request("at it", quantity="30"))) == ("5000 (tech)", "5000.00", True)
    decided = log.decide(log.request("above", quantity="30.0001"))
    assert (decided.reason, judged(decided)) == (
        Reason.CONCENTRATION_ABOVE_MAX,
        ("5000.0100 (tech)", "5000.00", False),
    )
    assert isinstance(decided.data, OrderDenied)
    assert decided.data.message == (
        "A group that AAPL is in would be worth 5000.0100 (tech) in paper; at most 5000.00 is allowed."
    )


def test_shorts_and_longs_of_a_group_add_up() -> None:
    log = grouped()
    log.hold("-20", symbol="MSFT")
    assert log.decide(log.request("at it", quantity="30")).reason is None
    assert log.decide(log.request("above", quantity="30.0001")).reason is Reason.CONCENTRATION_ABOVE_MAX


def test_each_symbol_counts_at_the_worst_that_its_working_orders_may_make_of_it() -> None:
    log = grouped()
    log.hold("10", symbol="MSFT")
    log.submit(log.approve("buys", "buy", "10", symbol="MSFT"))
    log.submit(log.approve("sells", "sell", "5", symbol="MSFT"))
    assert judged(log.decide(log.request("s", quantity="30")))[0] == "5000 (tech)"


def test_what_the_same_batch_approved_counts() -> None:
    log = grouped()
    log.request("first", quantity="30", symbol="MSFT")
    log.request("second", quantity="20")
    log.request("above", quantity="1")
    assert [each.reason for each in log.run()] == [None, None, Reason.CONCENTRATION_ABOVE_MAX]


def test_a_symbol_of_no_group_is_not_measured() -> None:
    log = grouped("1")
    log.hold("50", symbol="MSFT")
    assert judged(log.decide(log.request("s", symbol="XOM", quantity="50"))) == ("", "", True)


def test_of_several_groups_the_largest_decides() -> None:
    log = grouped(tech=TECH, wide=WIDE)
    log.hold("30", symbol="XOM")
    assert judged(log.decide(log.request("at it", quantity="20"))) == ("5000 (wide)", "5000.00", True)
    assert judged(log.decide(log.request("above", quantity="20.01"))) == ("5001.00 (wide)", "5000.00", False)
    assert judged(log.decide(log.request("other", quantity="10", symbol="MSFT")))[0] == "4000 (wide)"


def test_an_order_that_makes_a_group_no_larger_passes_above_the_limit() -> None:
    log = grouped("10")
    log.hold("20")
    log.hold("10", symbol="MSFT")
    assert judged(log.decide(log.request("smaller", "sell", "1"))) == ("3000 (tech)", "1000.00", True)
    assert log.decide(log.request("larger", "buy", "0.1")).reason is Reason.CONCENTRATION_ABOVE_MAX
    assert log.decide(log.request("turned as far", "sell", "40")).reason is None
    assert log.decide(log.request("turned further", "sell", "40.1")).reason is Reason.CONCENTRATION_ABOVE_MAX


def test_exits_pass_in_any_case() -> None:
    log = grouped("10")
    log.hold("10")
    log.hold("10", symbol="BTC/EUR")
    log.state.setup = Setup(accounts=log.state.setup.accounts, groups={"all": frozenset({"AAPL", "BTC/EUR"})})
    assert log.decide(log.request("entry", quantity="1")).reason is Reason.CONCENTRATION_ABOVE_MAX
    decided = log.decide(log.request("exit", "sell", "10", reduce_only=True))
    assert (decided.reason, judged(decided)) == (None, (None, "10", True))


def test_a_group_without_a_known_value_takes_no_entries_until_the_limit_is_lifted() -> None:
    log = grouped(tech=TECH | {"BTC/EUR"})
    log.hold("1", symbol="BTC/EUR")
    decided = log.decide(log.request("s"))
    assert (decided.reason, judged(decided)) == (Reason.CONCENTRATION_ABOVE_MAX, (None, "50", False))
    assert isinstance(decided.data, OrderDenied)
    assert decided.data.message == "What paper holds of a group that AAPL is in has no known value."
    lifted = grouped("none", tech=TECH | {"BTC/EUR"})
    lifted.hold("1", symbol="BTC/EUR")
    assert judged(lifted.decide(lifted.request("s"))) == ("", "", True)


def test_without_equity_there_is_nothing_to_be_a_part_of() -> None:
    log = grouped(cash="-1")
    decided = log.decide(log.request("s"))
    assert (decided.reason, judged(decided)) == (Reason.CONCENTRATION_ABOVE_MAX, ("1000 (tech)", "50", False))


def test_a_limit_that_is_not_set_denies() -> None:
    log = grouped()
    log.set_limits({name: text for name, text in LIMITS.items() if name != LIMIT})
    decided = log.decide(log.request("s"))
    assert isinstance(decided.data, OrderDenied)
    assert decided.data.message == "The limit max_group_concentration is not set."


def test_the_fullest_group_warns_once_it_nears_the_limit() -> None:
    """80 % of 50 % of 10,000 are 4,000."""
    log = grouped(tech=TECH, wide=WIDE)
    log.hold("30")
    log.hold("9.99", symbol="XOM")
    assert due_warnings(log.state, log.now) == []
    log.hold("0.01", symbol="XOM")
    (due,) = due_warnings(log.state, log.now)
    (event,) = log.append(due.command)
    warning = decode(event)
    assert isinstance(warning, LimitWarning)
    assert (warning.check, warning.value) == ("max_group_concentration", "4000.00")


values = st.decimals(min_value=-1000, max_value=1000, places=2)


@given(st.dictionaries(st.sampled_from(["A", "B", "C", "D"]), st.tuples(values, values, values)))
def test_a_group_is_worth_what_its_symbols_are_worth_at_their_worst(
    drawn: dict[str, tuple[Decimal, Decimal, Decimal]],
) -> None:
    portfolio = Portfolio()
    for symbol, (held, buys, sells) in drawn.items():
        portfolio.put(symbol, Line.of(held, abs(buys), abs(sells)))
    everything = frozenset("ABCD")

    def plainly(symbols: frozenset[str]) -> Decimal:
        return sum(
            (max(abs(h + abs(b)), abs(h - abs(s))) for name, (h, b, s) in drawn.items() if name in symbols), Decimal(0)
        )

    assert worth(portfolio, everything) == plainly(everything) == portfolio.gross
    groups = {"ab": frozenset("AB"), "bcd": frozenset("BCD")}
    found = largest(portfolio, groups)
    assert found is not None
    assert found[1] == plainly(groups[found[0]]) == max(map(plainly, groups.values()))


def read(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "tradewire.toml"
    path.write_text(text)
    return load(str(path), {})


def test_groups_are_read_from_the_settings(tmp_path: Path) -> None:
    settings = read(tmp_path, '[groups]\ntech = ["AAPL", "MSFT", "AAPL"]\ncoins = ["BTC/USD"]')
    assert setup_of(settings).groups == {"tech": TECH, "coins": frozenset({"BTC/USD"})}
    assert setup_of(Settings()).groups == {}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("groups = 5", "groups: is 5, which has no names. Write its names under [groups]."),
        ("[groups]\ntech = 5", 'groups.tech: is 5, which is not a list of texts. Write one such as ["AAPL", "MSFT"].'),
        ("[groups]\ntech = []", 'groups.tech: has no symbols. Write one or more, such as tech = ["AAPL", "MSFT"].'),
        (
            '[groups]\nTech = ["AAPL"]',
            "groups.Tech: is not a name. Use a-z, 0-9, _ and -, starting with a letter, 32 at most.",
        ),
        (
            '[groups]\ntech = ["AAPL", "msft"]',
            'groups.tech: has a wrong symbol: "msft" is in lower case. Write "MSFT".',
        ),
    ],
)
def test_what_is_wrong_with_a_group_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert str(refused.value) == says
