"""What a strategy's profile lets it do: windows, accounts, sides, types, and entries while a position is held."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradewire.domain.hours import trading_window
from tradewire.messages.vocabulary import Side
from tradewire.settings import Repeat, Settings, Sides, Strategy
from tradewire_risk.domain.profile import Setup
from tradewire_risk.domain.strategy import (
    Repeated,
    StrategyProfile,
    allowed_account,
    allowed_side,
    allowed_type,
    in_window,
    repeat_of,
)
from tradewire_risk.settings import setup_of

NEW_YORK = ZoneInfo("America/New_York")
ANY = StrategyProfile("momo")
PASS, IGNORE = Repeated("pass"), Repeated("ignore")


def utc(text: str) -> int:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def within(*windows: str, zone: ZoneInfo | None = None) -> StrategyProfile:
    return StrategyProfile("momo", windows=tuple(map(trading_window, windows)), zone=zone)


def test_without_windows_every_time_is_inside() -> None:
    assert in_window(ANY, utc("2026-01-04 03:00"), UTC)


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        ("2026-01-05 14:29:59.999999", False),
        ("2026-01-05 14:30", True),
        ("2026-01-05 20:59:59.999999", True),
        ("2026-01-05 21:00", False),
        ("2026-01-04 15:00", False),
        # After the clocks went forward the same hours are an hour earlier.
        ("2026-03-09 13:29", False),
        ("2026-03-09 13:30", True),
        ("2026-03-09 20:00", False),
    ],
)
def test_windows_are_read_off_the_wall_clock_of_the_zone(at: str, inside: bool) -> None:
    profile = within("Mon-Fri 09:30-16:00", zone=NEW_YORK)
    assert in_window(profile, utc(at), ZoneInfo("Asia/Tokyo")) is inside
    assert in_window(within("Mon-Fri 09:30-16:00"), utc(at), NEW_YORK) is inside


def test_one_window_of_several_is_enough() -> None:
    profile = within("Mon-Fri 09:30-11:00", "Mon-Fri 15:00-16:00")
    inside = [in_window(profile, utc(f"2026-01-05 {time}"), UTC) for time in ("10:00", "12:00", "15:30")]
    assert inside == [True, False, True]


@pytest.mark.parametrize(
    ("at", "inside"),
    [
        # 2026-03-08: there is no 02:30, and 03:00 comes where 02:00 would have been.
        ("2026-03-08 06:59", False),
        ("2026-03-08 07:00", False),
        # 2026-11-01: 01:30 comes twice, and both are inside.
        ("2026-11-01 05:30", True),
        ("2026-11-01 06:30", True),
        ("2026-11-01 07:00", False),
    ],
)
def test_a_window_in_the_night_when_the_clocks_change(at: str, inside: bool) -> None:
    window = "02:00-03:00" if at.startswith("2026-03") else "01:00-02:00"
    assert in_window(within(window, zone=NEW_YORK), utc(at), UTC) is inside


def test_accounts_and_types() -> None:
    bound = StrategyProfile("momo", accounts=frozenset({"paper"}), order_types=frozenset({"limit", "stop_limit"}))
    assert [allowed_account(bound, account) for account in ("paper", "second")] == [True, False]
    assert [allowed_type(bound, kind) for kind in ("limit", "market")] == [True, False]
    assert allowed_account(ANY, "second")
    assert allowed_type(ANY, "market")


@pytest.mark.parametrize(
    ("sides", "side", "quantity", "position", "working", "allowed"),
    [
        ("both", "sell", "10", "0", "0", True),
        ("buy", "buy", "10", "-5", "0", True),
        ("buy", "sell", "1", "5", "0", False),
        ("sell", "sell", "10", "0", "0", True),
        ("sell", "buy", "1", "-5", "0", False),
        # Long: a sell takes what is held and not being sold yet, and no more.
        ("long", "buy", "10", "0", "0", True),
        ("long", "buy", "10", "-3", "0", True),
        ("long", "sell", "10", "10", "0", True),
        ("long", "sell", "10.1", "10", "0", False),
        ("long", "sell", "6", "10", "5", False),
        ("long", "sell", "5", "10", "5", True),
        ("long", "sell", "1", "0", "0", False),
        ("long", "sell", "1", "-3", "0", False),
        # Short is the mirror.
        ("short", "sell", "10", "0", "0", True),
        ("short", "buy", "10", "-10", "0", True),
        ("short", "buy", "10.1", "-10", "0", False),
        ("short", "buy", "6", "-10", "5", False),
        ("short", "buy", "1", "3", "0", False),
    ],
)
def test_sides(sides: Sides, side: Side, quantity: str, position: str, working: str, allowed: bool) -> None:
    profile = StrategyProfile("momo", sides=sides)
    assert allowed_side(profile, side, Decimal(quantity), Decimal(position), Decimal(working)) is allowed


@pytest.mark.parametrize(
    ("repeat", "sides", "side", "position", "working", "becomes"),
    [
        # Nothing held and nothing working is a first entry, whatever the profile says.
        ("add", "both", "buy", "0", "0", PASS),
        ("ignore", "both", "buy", "0", "0", PASS),
        ("reverse", "both", "sell", "0", "0", PASS),
        # A second one in the same direction.
        ("add", "both", "buy", "10", "0", PASS),
        ("ignore", "both", "buy", "10", "0", IGNORE),
        ("reverse", "both", "buy", "10", "0", IGNORE),
        ("ignore", "both", "sell", "-10", "0", IGNORE),
        ("reverse", "both", "sell", "-10", "0", IGNORE),
        # One that still works counts as if it were held.
        ("ignore", "both", "buy", "0", "10", IGNORE),
        ("reverse", "both", "sell", "0", "10", IGNORE),
        # One against the position.
        ("add", "both", "sell", "10", "0", PASS),
        ("ignore", "both", "sell", "10", "0", IGNORE),
        ("reverse", "both", "sell", "10", "0", Repeated("reverse", Decimal(10))),
        ("reverse", "both", "buy", "-2.5", "0", Repeated("reverse", Decimal("2.5"))),
        # What is being closed already is not closed again.
        ("reverse", "both", "sell", "10", "4", Repeated("reverse", Decimal(6))),
        ("reverse", "both", "sell", "10", "10", PASS),
        ("ignore", "both", "sell", "10", "10", PASS),
        ("reverse", "both", "sell", "10", "15", IGNORE),
        # Where the other side may not be opened, an order against the position is a way out.
        ("ignore", "long", "sell", "10", "0", PASS),
        ("reverse", "long", "sell", "10", "0", PASS),
        ("ignore", "short", "buy", "-10", "0", PASS),
        ("reverse", "short", "buy", "-10", "0", PASS),
        ("reverse", "long", "buy", "-10", "0", Repeated("reverse", Decimal(10))),
        ("ignore", "buy", "sell", "10", "0", PASS),
    ],
)
def test_an_entry_while_a_position_is_held(
    repeat: Repeat, sides: Sides, side: Side, position: str, working: str, becomes: Repeated
) -> None:
    profile = StrategyProfile("momo", sides=sides, repeat=repeat)
    assert repeat_of(profile, side, Decimal(position), Decimal(working)) == becomes


amounts = st.decimals("0", "1000", places=3)


@given(
    st.sampled_from(("buy", "sell")),
    st.decimals("-1000", "1000", places=3),
    amounts,
    st.decimals("0.001", "1000", places=3),
)
def test_a_reversal_ends_with_what_was_asked_for(
    side: Side, position: Decimal, working: Decimal, quantity: Decimal
) -> None:
    found = repeat_of(StrategyProfile("momo", repeat="reverse"), side, position, working)
    sign = 1 if side == "buy" else -1
    if found.does == "reverse":
        assert found.more > 0
        assert position + sign * (working + quantity + found.more) == sign * quantity
    else:
        assert sign * position + working >= 0
        assert found.more == 0


@given(
    st.sampled_from(("long", "short")),
    st.sampled_from(("buy", "sell")),
    st.decimals("-1000", "1000", places=3),
    amounts,
    st.decimals("0.001", "1000", places=3),
)
def test_an_allowed_side_never_opens_what_is_not_allowed(
    held: Literal["long", "short"], side: Side, position: Decimal, working: Decimal, quantity: Decimal
) -> None:
    allowed = allowed_side(StrategyProfile("momo", sides=held), side, quantity, position, working)
    after = position + (1 if side == "buy" else -1) * (working + quantity)
    if side == "sell" and held == "long":
        assert allowed is (after >= 0)
    elif side == "buy" and held == "short":
        assert allowed is (after <= 0)
    else:
        assert allowed


def test_profiles_come_from_the_settings() -> None:
    strategy = Strategy(
        accounts=["paper"],
        sides="long",
        windows=["Mon-Fri 09:30-16:00"],
        time_zone="America/New_York",
        order_types=["limit"],
        repeat="ignore",
        mode="approve",
    )
    setup = setup_of(Settings(strategies={"momo": strategy, "bare": Strategy()}))
    assert setup.strategy("momo") == StrategyProfile(
        name="momo",
        accounts=frozenset({"paper"}),
        sides="long",
        windows=(trading_window("Mon-Fri 09:30-16:00"),),
        zone=NEW_YORK,
        order_types=frozenset({"limit"}),
        repeat="ignore",
        mode="approve",
    )
    assert setup.strategy("bare") == StrategyProfile("bare")


def test_a_strategy_without_a_section_is_restricted_in_nothing() -> None:
    assert Setup(accounts={}).strategy("momo") == StrategyProfile("momo")
