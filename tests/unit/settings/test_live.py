"""A live account starts with every limit set by name and the sentence typed, or not at all."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.live_rules import live_sentence
from tradewire.setting_reading import load
from tradewire.settings import Account, Risk

LIMITS = {name: getattr(Risk(), name) for name in Risk.__struct_fields__}


def written(tmp_path: Path, limits: dict[str, str], *, sentence: str = live_sentence("real"), more: str = "") -> str:
    path = tmp_path / "tradewire.toml"
    risk = "".join(f'{name} = "{text}"\n' for name, text in limits.items())
    account = f'[accounts.real]\nlive = true\nlive_sentence = "{sentence}"\n'
    path.write_text(f"default_account = 'real'\n[router]\naccount = 'real'\n{account}[risk]\n{risk}{more}")
    return str(path)


def test_a_live_account_starts_when_all_is_said(tmp_path: Path) -> None:
    assert load(written(tmp_path, LIMITS), {}).accounts["real"].is_live


def test_lifting_a_limit_by_name_is_saying_it(tmp_path: Path) -> None:
    load(written(tmp_path, {**LIMITS, "max_drawdown": "none"}), {})


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_must_be_said(tmp_path: Path, name: str) -> None:
    limits = {each: text for each, text in LIMITS.items() if each != name}

    with pytest.raises(ConfigError, match=f"risk.{name}: is not set, and real is live"):
        load(written(tmp_path, limits), {})

    load(written(tmp_path, limits), {f"TRADEWIRE_RISK_{name.upper()}": LIMITS[name]})


def test_what_is_missing_is_told_with_what_would_be_right_for_each(tmp_path: Path) -> None:
    kept = {"max_order_value", "soft_limit"}

    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, {name: text for name, text in LIMITS.items() if name in kept}), {})

    lifted, lists, others = refused.value.fix.removesuffix(".").split(". ")
    assert lifted.startswith('Set each by name, or lift it with "none": max_order_quantity, ')
    assert lists == "Set each by name, or write an empty list for none: allowed_symbols, restricted_symbols"
    assert others == (
        "Set each by name; it cannot be lifted: rounding, allow_short, approval_ttl, market_hours, approval_deadline"
    )
    named = [name for part in (lifted, lists, others) for name in part.partition(": ")[2].split(", ")]
    assert set(named) == set(LIMITS) - kept


@pytest.mark.parametrize(("sentence", "problem"), [("", "is missing"), ("yes", "is another sentence")])
def test_the_sentence_must_be_typed(tmp_path: Path, sentence: str, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(written(tmp_path, LIMITS, sentence=sentence), {})

    assert str(refused.value).startswith(f"accounts.real.live_sentence: {problem}. Type ")
    assert live_sentence("real") in str(refused.value)


def test_publishes_must_be_synced(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nats.sync: is unverified, and real is live"):
        load(written(tmp_path, LIMITS, more='[nats]\nsync = "unverified"\n'), {})


def test_a_paper_account_needs_nothing_of_this(tmp_path: Path) -> None:
    path = tmp_path / "tradewire.toml"
    path.write_text("[accounts.paper]\nlive = false\n")

    assert not load(str(path), {}).accounts["paper"].is_live
    assert not Account().is_live
