"""Settings: what is right is read, what is wrong is one line with the key and the fix."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire.settings import Account

_PAPER = "[accounts.paper]\n"


def read(tmp_path: Path, text: str = "", **env: str):  # type: ignore[no-untyped-def]
    path = tmp_path / "tradewire.toml"
    path.write_text(text)
    return load(str(path), env)


def test_defaults_need_no_file() -> None:
    settings = load(None, {})

    assert settings.shard == "main"
    assert settings.risk.max_order_value == "10000"
    assert settings.risk.max_signal_age == "30s"


def test_the_environment_lies_over_the_file(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        'clock = "quotes"\n[risk]\nmax_order_value = 20000.50\nmax_signal_age = "4d"\n',
        TRADEWIRE_RISK_MAX_SIGNAL_AGE="5m",
        TRADEWIRE_RISK_ALLOWED_SYMBOLS="AAPL, MSFT",
        TRADEWIRE_HTTP_PORT="9000",
    )

    assert settings.clock == "quotes"
    assert settings.risk.max_order_value == "20000.50"
    assert settings.risk.max_signal_age == "5m"
    assert settings.risk.allowed_symbols == "AAPL,MSFT"
    assert settings.http.port == 9000


@pytest.mark.parametrize(
    ("env", "key", "value"),
    [
        ({"MAX_ORDER_SIZE_USD": "500"}, "max_order_value", "500"),
        ({"MAX_ORDER_SIZE_USD": "50000"}, "max_order_value", "10000"),
        ({"MAX_ORDER_SIZE_USD": "500", "MAX_ORDER_USD": "400"}, "max_order_value", "400"),
        ({"MAX_ORDER_SIZE_USD": "500", "TRADEWIRE_RISK_MAX_ORDER_VALUE": "300"}, "max_order_value", "300"),
        ({"MIN_ORDER_VALUE_USD": "25"}, "min_order_value", "25"),
        ({"MIN_ORDER_VALUE_USD": "1"}, "min_order_value", "10"),
        ({"MAX_POSITION_SIZE_USD": "7"}, "max_position_value", "7"),
        ({"MAX_DAILY_LOSS_USD": "7"}, "max_daily_loss", "7"),
        ({"MAX_OPEN_ORDERS_PER_SYMBOL": "2"}, "max_open_orders_per_symbol", "2"),
        ({"MAX_ORDER_QTY": "10"}, "max_order_quantity", "10"),
    ],
)
def test_names_of_older_systems_are_aliases_and_the_strictest_wins(env: dict[str, str], key: str, value: str) -> None:
    assert getattr(load(None, env).risk, key) == value


@pytest.mark.parametrize(
    ("text", "env", "words"),
    [
        ("shard = 1", {}, "shard"),
        ("[risk]\nmax_ordr_value = 1", {}, "risk.max_ordr_value: is not a setting. Did you mean max_order_value"),
        ("[riks]\n", {}, "riks: is not a setting. Did you mean risk"),
        ("clock = 'sundial'", {}, "clock"),
        ("[", {}, "is not TOML"),
        ("", {"TRADEWIRE_RISK_MAX_ORDR_VALUE": "1"}, "Did you mean TRADEWIRE_RISK_MAX_ORDER_VALUE"),
        ("", {"TRADEWIRE_RISK_MAX_ORDER_VALUE": "0"}, "risk.max_order_value: 0 would let nothing pass"),
        ("", {"TRADEWIRE_RISK_MAX_ORDER_VALUE": "-5"}, "risk.max_order_value: -5 is below zero"),
        ("", {"TRADEWIRE_RISK_MAX_ORDER_VALUE": "NaN"}, "risk.max_order_value"),
        ("[risk]\nmax_order_value = nan", {}, "risk.max_order_value"),
        ("[risk]\nmax_order_value = inf", {}, "risk.max_order_value"),
        ("[risk]\nmax_order_value = 1e999999999", {}, "risk.max_order_value"),
        ("[risk]\nmax_order_value = true", {}, "risk.max_order_value"),
        ("", {"TRADEWIRE_RISK_MAX_ORDER_VALUE": "1_000"}, "risk.max_order_value"),
        ("", {"TRADEWIRE_RISK_MAX_ORDER_VALUE": "1e5"}, "risk.max_order_value"),
        ("", {"TRADEWIRE_RISK_MAX_SIGNAL_AGE": "soon"}, "risk.max_signal_age"),
        ("", {"TRADEWIRE_HTTP_PORT": "eighty"}, "http.port"),
        ("", {"MAX_ORDER_SIZE_USD": "lots"}, "MAX_ORDER_SIZE_USD"),
        ("[risk]\nallowed_symbols = ['aapl']", {}, "risk.allowed_symbols"),
        ("[strategies.momo]\naccount = 'nowhere'", {}, "strategies.momo.account: names no account"),
        ("[strategies.Momo]\n", {}, "strategies.Momo: is not a name"),
        ('[strategies."Bad Name"]\n', {}, "strategies.Bad Name: is not a name"),
        ("[accounts.Main]\n", {}, "accounts.Main: is not a name"),
        ("shard = 'Main'", {}, 'shard: "Main" is not a name'),
        ("[ingest]\npeople = ['anna', 'Bob']", {}, 'ingest.people: "Bob" is not a name'),
        ("default_account = 'x'", {}, "default_account: names no account"),
        ("[router]\ncall_timeout = '9s'", {}, "router.call_timeout"),
        ("[ingest]\nbatch = 0", {}, "ingest.batch: is 0. Set 1 to 250"),
        ("[http]\nport = 99999", {}, "http.port: is 99999"),
        ("[paper]\npartial_ratio = 7", {}, "paper.partial_ratio: is 7"),
        ("[paper]\nstarting_cash = -1", {}, "paper.starting_cash: is -1"),
        ("[risk]\nmin_order_value = 100\nmax_order_value = 10", {}, "risk.min_order_value: is above"),
        (
            "[risk]\nmax_signal_age = '0s'",
            {},
            "risk.max_signal_age: 0s leaves no time. Write a span above zero, or none.",
        ),
        ("[risk]\napproval_ttl = 'none'", {}, "risk.approval_ttl: none is not for approval_ttl"),
        ("[risk]\nmax_drawdown = 101", {}, "risk.max_drawdown: 101 percent is never reached"),
        (
            "[risk]\nrestricted_symbols = 'none'",
            {},
            "risk.restricted_symbols: none is not a symbol. Write an empty text",
        ),
        ("[accounts.paper]\ntime_zone = 'Mars/Phobos'", {}, "accounts.paper.time_zone"),
        ("[accounts.paper]\nbroker = 'nasdaq'", {}, "accounts"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(tmp_path: Path, text: str, env: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text, **env)

    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.fix


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '[paper]\ncurrency = "EUR"',
            "paper.currency: is not a setting. "
            "The paper broker keeps an account in the account's currency: set currency in [accounts.NAME].",
        ),
        (
            "[risk]\nmax_signal_age = 30",
            'risk.max_signal_age: "30" is not a duration. Write whole digits and one of ms, s, m, h, d, such as "30s".',
        ),
        (
            '[risk]\nmax_signal_age = "soon"',
            'risk.max_signal_age: "soon" is not a duration. '
            'Write whole digits and one of ms, s, m, h, d, such as "30s".',
        ),
        ('[risk]\nmax_signal_age = "9999d"', 'risk.max_signal_age: "9999d" is too long. Write at most 3650d.'),
        ("[http]\nport = 1.5", "http.port: is 1.5, which is not a whole number. Write digits alone, such as 10."),
        ("shard = 1", 'shard: is 1, which is not a text. Write it in quotes, such as "abc".'),
        ("clock = 'sundial'", 'clock: is "sundial", which is none of its words. Write wall or quotes.'),
        (
            '[paper]\nfaults = "maybe"',
            'paper.faults: is "maybe", which is neither true nor false. Write true or false.',
        ),
        (
            "[risk]\nallowed_symbols = ['no symbol']",
            'risk.allowed_symbols: "no symbol" is not a symbol. Write symbols with commas between them.',
        ),
        (
            "[risk]\nmax_order_value = true",
            'risk.max_order_value: "true" is not a number. Write plain digits, such as "10" or "0.5".',
        ),
        ("risk = 5", "risk: is 5, which is not a section. Write its keys under [risk]."),
        ("accounts = 5", "accounts: is 5, which has no names. Write sections [accounts.NAME]."),
        (
            "[accounts.paper]\nbroker = 'nasdaq'",
            "accounts.paper.environment: is missing, and the account is at nasdaq. "
            'Write "paper" for play money, or "live" for real money.',
        ),
        ("[accounts.paper]\ncurency = 'EUR'", "accounts.paper.curency: is not a setting. Did you mean currency?"),
        (
            '[postgres]\ndsn = ["postgresql://u:secret@h/d"]',
            'postgres.dsn: is something, which is not a text. Write it in quotes, such as "abc".',
        ),
        ("[paper]\nlatency_ms = -1", "paper.latency_ms: is -1. Set 0 to 600000."),
        ("[paper]\npartial_ratio = -0.000000000001", "paper.partial_ratio: is -0.000000000001. Set 0 to 1."),
        (
            '[router]\ncall_timeout = "90s"',
            "router.call_timeout: is 1m 30s. Set 5s or less: lease age and call must fit in 10 s.",
        ),
        ('[router]\nmax_beat_age = "1s"', "router.max_beat_age: is 1s. Set 2s to 60s."),
        ('[router]\nmax_beat_age = "2m"', "router.max_beat_age: is 2m. Set 2s to 60s."),
    ],
)
def test_what_is_wrong_is_said_in_our_own_words(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)

    assert str(refused.value) == says


def test_the_currency_of_the_paper_broker_is_refused_from_the_environment_too() -> None:
    with pytest.raises(ConfigError, match=r"TRADEWIRE_PAPER_CURRENCY: .* set currency in \[accounts.NAME\]"):
        load(None, {"TRADEWIRE_PAPER_CURRENCY": "EUR"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / "no.toml"), {})


@pytest.mark.parametrize("broker", ['broker = "paper"', 'broker = "alpaca"\nenvironment = "paper"'])
def test_every_broker_has_dry_runs(tmp_path: Path, broker: str) -> None:
    assert read(tmp_path, f"[accounts.a]\n{broker}\ndry_run = true\n{_PAPER}").accounts["a"].dry_run
    assert not read(tmp_path, f"[accounts.a]\n{broker}\n{_PAPER}").accounts["a"].dry_run
    with pytest.raises(ConfigError) as wrong:
        read(tmp_path, f'[accounts.a]\n{broker}\ndry_run = "perhaps"\n{_PAPER}')
    assert wrong.value.key == "accounts.a.dry_run"


def test_an_account_is_live_where_its_broker_moves_real_money_or_it_says_so() -> None:
    assert not Account().is_live
    assert Account(live=True).is_live
    assert not Account(live=False).is_live
    assert not Account(broker="alpaca", environment="paper").is_live
    assert Account(broker="alpaca", environment="paper", live=True).is_live
    assert Account(broker="alpaca", environment="live").is_live
    assert Account(broker="alpaca", environment="Paper").is_live  # whatever is not known to be play money


def test_what_an_account_says_to_its_broker_is_kept_for_the_adapter(tmp_path: Path) -> None:
    text = "[accounts.main]\nbroker = 'alpaca'\nenvironment = 'paper'\nrate_per_min = 50\nfeed = 'sip'\nflag = true\n"
    account = read(tmp_path, text + "[accounts.paper]\n").accounts["main"]
    assert account.options == {"rate_per_min": "50", "feed": "sip", "flag": "true"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "environment = 'live'",
            "accounts.paper.environment: is a setting of a real broker, and this is the paper broker",
        ),
        ("feed = 'sip'", "accounts.paper.feed: is not a setting."),
        ("broker = 'Alpaca'", 'accounts.paper.broker: "Alpaca" is not a name.'),
        (
            "broker = 'alpaca'\nenvironment = 'live'\nlive = false",
            "accounts.paper.live: is false, and the account is in the environment live of alpaca.",
        ),
    ],
)
def test_what_a_broker_is_told_must_go_together(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, f"[accounts.paper]\n{text}\n")
    assert str(error.value).startswith(said)


def test_people_are_named_as_everybody_is(tmp_path: Path) -> None:
    assert read(tmp_path, TRADEWIRE_INGEST_PEOPLE="anna, bob").ingest.people == ["anna", "bob"]
    with pytest.raises(ConfigError, match="is not a name"):
        read(tmp_path, '[ingest]\npeople = ["Anna"]\n')
