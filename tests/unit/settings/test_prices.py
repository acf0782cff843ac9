"""What the settings say of prices: what an account may take for one, and by how much it may be late."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire.settings import Settings


def read(folder: Path, text: str) -> Settings:
    path = folder / "tradewire.toml"
    path.write_text(text)
    return load(str(path), {})


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("[accounts.paper]", "signal"),
        ("[accounts.paper]\n[paper]\nprice_from_signal = false", "live"),
        ('[accounts.paper]\nprice_source = "live"', "live"),
        ('[accounts.paper]\nprice_source = "delayed"\nprice_delay = "20m"', "delayed"),
        ('[accounts.paper]\nprice_source = "signal"', "signal"),
    ],
)
def test_what_an_account_takes_for_a_price(tmp_path: Path, text: str, source: str) -> None:
    settings = read(tmp_path, text)
    assert settings.price_source_of("paper") == source
    assert settings.accounts["paper"].price_delay.seconds == (1200 if "20m" in text else 900)


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('price_source = "best"', "accounts.paper.price_source", "live"),
        ('price_source = "signal"\n[paper]\nprice_from_signal = false', "accounts.paper.price_source", "Change one"),
        ('price_source = "signal"\nlive = true', "accounts.paper.price_source", "is live"),
        ('price_delay = "61m"', "accounts.paper.price_delay", "0s to 1h"),
        ("price_delay = 900", "accounts.paper.price_delay", "duration"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(tmp_path, f"[accounts.paper]\n{text}\n")
    assert error.value.key == key
    assert words in str(error.value)
