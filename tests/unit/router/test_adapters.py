"""Which adapter an account gets, and what its settings must say before anything is asked of a broker."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tradewire.errors import ConfigError
from tradewire.settings import Account, Settings
from tradewire_router.brokers.alpaca import settings as alpaca
from tradewire_router.brokers.alpaca.answers import Refused
from tradewire_router.brokers.errors import WrongAccountError, WrongEnvironmentError
from tradewire_router.brokers.opening import adapter, open_broker
from tradewire_router.brokers.options import EnvironmentMismatchError, Secret

KEYS = {"ALPACA_API_KEY": "PK-the-key", "ALPACA_API_SECRET": "the-secret"}


def settings(environment: str = "paper", broker: str = "alpaca", **options: str) -> Settings:
    account = Account(broker=broker, environment=environment, options=options)
    return Settings(accounts={"main": account})


def read(env: Mapping[str, str] = KEYS, **given: Any) -> alpaca.AlpacaSettings:
    return alpaca.read(settings(**given), "main", env)


def test_paper_and_live_have_their_own_urls() -> None:
    paper = read()
    assert (paper.url, paper.stream_url) == (
        "https://paper-api.alpaca.markets",
        "wss://paper-api.alpaca.markets/stream",
    )
    assert (paper.data_url, paper.quotes_url) == ("https://data.alpaca.markets", "wss://stream.data.alpaca.markets")
    live = read({**KEYS, "ALPACA_API_KEY": "AK-the-key"}, environment="live")
    assert live.url == "https://api.alpaca.markets"


def test_a_twin_is_reached_by_one_override() -> None:
    twin = read(url_override="http://127.0.0.1:8080/")
    assert (twin.url, twin.stream_url) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/stream")
    assert (twin.data_url, twin.quotes_url) == ("http://127.0.0.1:8080", "ws://127.0.0.1:8080")


def test_keys_come_from_files_or_from_the_environment(tmp_path: Path) -> None:
    assert read().key.reveal() == "PK-the-key"
    for name in ("key", "secret"):
        (tmp_path / name).write_text(f"{name} in a file\n")
        (tmp_path / name).chmod(0o640)
    files = {"api_key_file": str(tmp_path / "key"), "api_secret_file": str(tmp_path / "secret")}
    found = read(KEYS, **files)
    assert (found.key.reveal(), found.secret.reveal()) == ("key in a file", "secret in a file")


@pytest.mark.parametrize(
    ("given", "env", "said"),
    [
        ({}, {}, "accounts.main.api_key: is missing. Set ALPACA_API_KEY in the environment, or name a file"),
        ({}, {"ALPACA_API_KEY": "PK"}, "accounts.main.api_secret: is missing. Set ALPACA_API_SECRET"),
        (
            {"environment": "live"},
            KEYS,
            "accounts.main.api_key: is a key of the paper environment, and environment says",
        ),
        (
            {},
            {**KEYS, "ALPACA_API_KEY": "AK-live"},
            "accounts.main.api_key: is a key of the live environment, and environment says paper. Make paper keys",
        ),
        (
            {"url_override": "https://api.alpaca.markets"},
            KEYS,
            "accounts.main.url_override: is Alpaca's live environment, and environment says paper. Leave it out",
        ),
        (
            {"environment": "live", "url_override": "https://paper-api.alpaca.markets"},
            {**KEYS, "ALPACA_API_KEY": "AK-live"},
            "accounts.main.url_override: is Alpaca's paper environment, and environment says live.",
        ),
        ({"url_override": "http://example.com"}, KEYS, "accounts.main.url_override: would send the keys in the clear."),
        ({"url_override": "127.0.0.1:80"}, KEYS, "accounts.main.url_override: is '127.0.0.1:80'. Write a URL such as"),
        ({"environment": "demo"}, KEYS, 'accounts.main.environment: is "demo". Write paper or live.'),
        ({"feed": "all"}, KEYS, 'accounts.main.feed: is "all". Write iex or sip or delayed_sip.'),
        (
            {"rate_per_min": "many"},
            KEYS,
            'accounts.main.rate_per_min: is "many", which is not a whole number above zero.',
        ),
        ({"rate_per_min": "0"}, KEYS, 'accounts.main.rate_per_min: is "0"'),
        ({"api_key": "PK"}, KEYS, "accounts.main.api_key: is a secret, and the settings are no place for one."),
        ({"feeed": "iex"}, KEYS, "accounts.main.feeed: is not a setting of alpaca. Did you mean feed?"),
        ({"api_key_file": "/nowhere/at/all"}, KEYS, "accounts.main.api_key_file: /nowhere/at/all: No such file"),
    ],
)
def test_an_error_names_the_field_and_the_fix(given: dict[str, str], env: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(env, **given)
    assert str(error.value).startswith(said)
    for secret in env.values():
        assert len(secret) < 6 or secret not in str(error.value)


def test_an_empty_file_of_a_key_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\n")
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(ConfigError, match=r"is empty\. Write the api key into it"):
        read(KEYS, api_key_file=str(tmp_path / "key"))


def test_a_file_of_a_key_that_everybody_may_read_is_not_taken(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("PK-in-a-file\n")
    key.chmod(0o604)
    said = f"accounts.main.api_key_file: {key} can be read by everybody. Run: chmod o-r {key}"
    with pytest.raises(ConfigError) as error:
        read(KEYS, api_key_file=str(key))
    assert str(error.value) == said


def test_a_file_of_a_key_that_is_no_text_is_said_to_be(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"\xff\xfe")
    key.chmod(0o600)
    with pytest.raises(ConfigError, match=r"is not text\. Check the path and its permissions"):
        read(KEYS, api_key_file=str(key))


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("abc-def")
    found = read()
    for text in (repr(secret), str(secret), f"{secret}", repr(found), str(found), repr([secret])):
        assert "abc-def" not in text
        assert "the-key" not in text
        assert "the-secret" not in text
    assert found.hidden("header PK-the-key and the-secret") == "header [redacted] and [redacted]"


@pytest.mark.parametrize(
    ("environment", "key", "said"),
    [
        ("paper", "PKAAAA", "the key is one of this environment (paper at http"),
        ("live", "AKAAAA", "the key is one of this environment (live at http"),
        ("paper", "of neither kind", "the keys are wrong or revoked, or of another environment than paper at http"),
    ],
)
def test_what_a_refusal_of_the_keys_can_mean_follows_from_how_they_begin(environment: str, key: str, said: str) -> None:
    told = alpaca.why_unauthorized(read({**KEYS, "ALPACA_API_KEY": key}, environment=environment))
    assert told.startswith(said)
    assert key not in told
    assert told.endswith("the key begins with neither PK nor AK") == (key == "of neither kind")


def test_an_answer_without_text_is_said_to_be_one() -> None:
    assert Refused(504, "").said() == "Alpaca: its answer has no text (HTTP 504)"


def test_a_key_or_an_address_of_the_other_environment_is_told_from_other_mistakes() -> None:
    with pytest.raises(EnvironmentMismatchError):
        read({**KEYS, "ALPACA_API_KEY": "AK-live"})
    with pytest.raises(EnvironmentMismatchError):
        read(url_override="https://api.alpaca.markets")


@pytest.mark.parametrize(("environment", "number"), [("paper", "PA123"), ("live", "123456"), ("paper", "")])
def test_the_account_that_the_keys_open_may_be_of_the_environment(environment: str, number: str) -> None:
    env = {**KEYS, "ALPACA_API_KEY": "of neither kind"}
    assert alpaca.wrong_account(read(env, environment=environment), number) is None


@pytest.mark.parametrize(
    ("environment", "number", "wrong"),
    [
        ("live", "PA123", "the keys open the paper account PA123, and environment says live"),
        ("paper", "123456", "the keys open the live account 123456, and environment says paper"),
    ],
)
def test_the_account_that_the_keys_open_must_be_of_the_environment(environment: str, number: str, wrong: str) -> None:
    env = {**KEYS, "ALPACA_API_KEY": "of neither kind"}
    found = alpaca.wrong_account(read(env, environment=environment), number)
    assert isinstance(found, WrongEnvironmentError)
    assert found.message == wrong


def test_the_account_that_the_keys_open_must_be_the_one_that_is_meant() -> None:
    wrong = alpaca.wrong_account(read(account_number="PA1"), "PA2")
    assert isinstance(wrong, WrongAccountError)
    assert wrong.message == "the keys open the account PA2, and account_number says PA1"


def test_a_broker_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigError, match=r'"alpca" is no broker whose adapter is installed\. Did you mean alpaca\?'):
        open_broker(settings(broker="alpca"), "main")
    with pytest.raises(ConfigError, match=r"These are installed: alpaca, paper\."):
        adapter("zzz")


def test_the_vendors_library_is_imported_only_where_an_account_uses_it() -> None:
    script = (
        "import sys\n"
        "from tradewire.settings import Settings\n"
        "from tradewire_router.brokers.opening import adapter, open_broker\n"
        "adapter('alpaca').config_fields()\n"
        "open_broker(Settings(), 'paper')\n"
        "print(sorted({'alpaca', 'pandas', 'requests', 'websockets'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
