from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from tradewire.domain.times import instant
from tradewire_cli.views import text

NOW = instant("2026-03-09T14:30:00Z")
BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("99204.73694156800", "99204.736941568"),
        ("-10.00", "-10"),
        ("100", "100"),
        ("absent", "absent"),
        ("1e5.0", "1e5.0"),
    ],
)
def test_a_written_number_loses_the_zeros_that_say_nothing_and_words_stay(written: str, shown: str) -> None:
    assert text.trimmed(written) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("10", "10"),
        ("10.000", "10"),
        ("1500", "1,500"),
        ("1E+3", "1,000"),
        ("0.250", "0.25"),
        ("-7", "-7"),
        ("0.00", "0"),
    ],
)
def test_a_quantity_has_no_needless_zeros(value: str, shown: str) -> None:
    assert text.quantity(Decimal(value)) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("187.2", "187.20"),
        ("187.25000", "187.25"),
        ("22.4051", "22.4051"),
        ("0.00001234", "0.00001234"),
        ("12345", "12,345.00"),
        ("0.123456789012", "0.12345679"),
    ],
)
def test_a_price_keeps_its_digits(value: str, shown: str) -> None:
    assert text.price(Decimal(value)) == shown


def test_a_mean_price_is_rounded_for_the_eye() -> None:
    assert text.mean(Decimal(100) / Decimal(3)) == "33.3333"
    assert text.mean(Decimal(1) / Decimal(3)) == "0.33333333"


def test_what_is_missing_is_not_zero() -> None:
    assert {text.quantity(None), text.price(None), text.mean(None), text.money(None)} == {"–"}
    assert text.result(None).plain == text.short_time(None, NOW) == "–"


@pytest.mark.parametrize("far", [253_402_300_800 * 10**6, 4_613_600_000_000_000_000, 10**25])
def test_a_time_that_no_calendar_has_is_no_end(far: int) -> None:
    assert text.short_time(far, NOW) == text.short_time(far, NOW, BERLIN) == "no end"


@pytest.mark.parametrize(
    ("value", "shown", "style"),
    [("12.345", "+12.34", "green"), ("-1234.5", "-1,234.50", "red"), ("0.001", "0.00", ""), ("0", "0.00", "")],
)
def test_a_result_has_a_sign_and_a_colour(value: str, shown: str, style: str) -> None:
    found = text.result(Decimal(value))

    assert (found.plain, found.style) == (shown, style)


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        ("2026-03-09T13:05:06Z", "14:05:06"),
        ("2026-03-08T23:30:00Z", "00:30:00"),
        ("2026-03-08T22:30:00Z", "Mar 08 23:30"),
        ("2004-02-20T21:00:00Z", "2004-02-20 22:00"),
    ],
)
def test_a_time_is_local_and_as_short_as_its_distance_allows(time: str, shown: str) -> None:
    assert text.short_time(instant(time), NOW, BERLIN) == shown


def test_the_time_of_an_event_is_exact_and_dated_only_when_it_was_not_today() -> None:
    assert text.exact_time("2026-03-09T13:05:06.123456Z", NOW, BERLIN) == "14:05:06.123"
    assert text.exact_time("2004-02-20T21:00:00Z", NOW, BERLIN) == "2004-02-20 22:00:00.000"
    assert text.exact_time("9999999999999999999", NOW, BERLIN) == "9999999999999999999"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (0.0042, "4ms"), (0.9996, "1s"), (12.34, "12.3s"), (75, "1m 15s"), (7260, "2h 1m"), (90000, "1d 1h")],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, shown: str) -> None:
    assert text.span(seconds) == shown


def test_ids_are_as_short_as_tells_them_apart() -> None:
    one, other, third = "3f2a91c0-aaaa", "3f2a91c0-aabb", "77000000-0000"

    found = text.short_ids([one, other, third, None, one])

    assert found == {one: "3f2a91c0-aaa", other: "3f2a91c0-aab", third: "77000000"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("OrderSubmitStarted", "submit started"),
        ("SignalReceived", "signal received"),
        ("partially_filled", "partially filled"),
    ],
)
def test_names_become_words(name: str, shown: str) -> None:
    assert text.words(name) == shown


def test_a_duration_is_written_as_settings_write_it() -> None:
    spans = [0, 250_000, 30_000_000, 300_000_000, 4 * 86_400_000_000]

    assert [text.duration(span) for span in spans] == ["0s", "250ms", "30s", "5m", "4d"]
