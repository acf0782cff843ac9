"""What sources call symbols: their tables, and what the settings may say of them."""

from pathlib import Path

import msgspec
import pytest

from tradewire.domain.symbols import BUILT_IN, Symbols
from tradewire.errors import ConfigError, InvalidValue
from tradewire.messages.refusals import SignalInvalid
from tradewire.messages.signal_parse import parse_signal
from tradewire.setting_reading import load
from tradewire.settings import Settings


def read(folder: Path, text: str) -> Settings:
    path = folder / "tradewire.toml"
    path.write_text(text)
    return load(str(path), {})


@pytest.mark.parametrize(
    ("source", "text", "symbol"),
    [
        ("tradingview", "BTCUSDT", "BTC/USDT"),
        ("tradingview", "BTCUSD", "BTC/USD"),
        ("tradingview", "AAPL", "AAPL"),
        ("tradingview", "BTC/USDT", "BTC/USDT"),
        ("bagbot", "ETHBTC", "ETH/BTC"),
        ("stock-api", "BRK-B", "BRK.B"),
        ("tradetracer", "BTCUSD", "BTCUSD"),
        ("tradetracer", "MSFT", "MSFT"),
    ],
)
def test_a_symbol_by_its_sources_name(source: str, text: str, symbol: str) -> None:
    assert Symbols(source).read(text) == symbol


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PEPEUSDT", "SYMBOL_ALIAS_UNKNOWN"),
        ("BTCUSDT.P", "SYMBOL_INVALID"),
        ("BTCPERP", "SYMBOL_ALIAS_UNKNOWN"),
        ("MES1!", "SYMBOL_INVALID"),
        ("aapl", "SYMBOL_INVALID"),
    ],
)
def test_what_no_table_has_is_refused_and_never_guessed(text: str, code: str) -> None:
    if text == "BTCUSDT.P":  # written as our symbols are, so it is for the broker to know it
        assert Symbols("tradingview").read(text) == text
        return
    with pytest.raises(InvalidValue) as error:
        Symbols("tradingview").read(text)
    assert error.value.code == code


def test_a_table_of_ones_own_comes_first(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        '[aliases.tradingview]\n"NASDAQ:AAPL" = "AAPL"\nPEPEUSDT = "PEPE/USDT"\nBTCUSD = "BTC/USDC"\n'
        '[aliases.mine]\nAPPLE = "AAPL"\n'
        '[strategies.tv]\naliases = "tradingview"\n[strategies.own]\naliases = "mine"\n[strategies.plain]\n',
    )
    symbols = settings.symbols_of("tv")
    assert symbols is not None
    assert [symbols.read(text) for text in ("NASDAQ:AAPL", "PEPEUSDT", "BTCUSD", "ETHUSD")] == [
        "AAPL",
        "PEPE/USDT",
        "BTC/USDC",
        "ETH/USD",
    ]
    assert symbols.called("AAPL") == ["NASDAQ:AAPL"]
    assert symbols.called("BTC/USDC") == ["BTCUSD", "BTCUSDC"]
    assert symbols.called("BTC/USD") == []
    mine = settings.symbols_of("own")
    assert mine is not None
    assert mine.read("APPLE") == "AAPL"
    assert settings.symbols_of("plain") is None
    assert settings.symbols_of("nobody") is None


def test_a_signal_is_of_the_symbol_that_its_source_means() -> None:
    def body(symbol: object) -> bytes:
        return msgspec.json.encode({"id": "a", "symbol": symbol, "action": "buy", "quantity": 1})

    assert parse_signal("tv", body("BTCUSDT"), None, Symbols("tradingview")).symbol == "BTC/USDT"
    assert parse_signal("tv", body("BTCUSDT")).symbol == "BTCUSDT"
    for wrong, code in (("PEPEUSDT", "SYMBOL_ALIAS_UNKNOWN"), (7, "WRONG_TYPE"), ("", "SYMBOL_INVALID")):
        with pytest.raises(SignalInvalid) as error:
            parse_signal("tv", body(wrong), None, Symbols("tradingview"))
        assert (error.value.refusal.code, error.value.refusal.field) == (code, "symbol")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[aliases.TV]\nA = "AAPL"', "aliases.TV"),
        ('[aliases.tv]\nA = "aapl"', "aliases.tv.A"),
        ('[aliases.tv]\n"" = "AAPL"', "aliases.tv."),
        ('[strategies.momo]\naliases = "tradingvew"', "strategies.momo.aliases"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, text)
    assert error.value.key == key


def test_what_is_built_in_names_symbols() -> None:
    for source, rows in BUILT_IN.items():
        for alias, symbol in rows.items():
            assert Symbols(source).read(alias) == symbol == Symbols("").read(symbol)
