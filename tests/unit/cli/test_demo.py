"""The demo's surroundings, and the page at its end."""

import os
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.unit.cli.builders import fill, order, position, seen, widest
from tradewire.domain.orders import Order, Status
from tradewire.errors import ConfigError
from tradewire.messages.answers import AccountRow, CashRow, StatusReply
from tradewire.setting_reading import load
from tradewire_cli.demo.blotter import Blotter, Speed, Verdict
from tradewire_cli.demo.play import Played
from tradewire_cli.demo.session import STARTING_CASH, clean_environment, session
from tradewire_cli.demo.strategy import example
from tradewire_cli.replay.feed import Progress, Work
from tradewire_cli.views import blotter


def played(orders: Sequence[Order], *, clean: bool = True) -> Played:
    cash = CashRow(
        currency="USD",
        cash=Decimal("98114.95"),
        realized_today=Decimal(0),
        fees_today=Decimal(0),
        moved_today=Decimal(0),
    )
    found = Blotter(
        signals=len(orders),
        refused=0,
        orders=tuple(orders),
        fills=(fill(),),
        positions=(position(),),
        account=AccountRow(
            account="paper", currency="USD", cash=(cash,), day="2013-03-01", equity_at_day_start=Decimal(0)
        ),
        prices={"AAPL": Decimal(190)},
        speed=Speed(2, 0.009, 0.021),
        log=StatusReply(pos=80, log_id="7d", head=80, frame=70, lag=0, open_orders={}, accounts=1, halted=()),
        verdict=Verdict(80, clean, {"L1": 80, "O1": 2, "O9": 0}, [] if clean else [{"invariant": "O1"}], "equals"),
    )
    progress = Progress(date(2013, 3, 1), 3270, 3270, 12154, Work(len(orders), len(orders)))
    return Played(date(2000, 3, 1), progress, 5.9, found)


ORDERS = (
    order(status=Status.FILLED),
    order(status=Status.DENIED, reason="NOTIONAL_ABOVE_MAX", message="18,059 is above 10,000"),
    order(status=Status.DENIED, reason="NOTIONAL_ABOVE_MAX", message="an earlier one"),
    order(status=Status.REJECTED, reason="SHORT_NOT_ALLOWED", message="nothing is held"),
)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_page_fits_the_terminal(width: int) -> None:
    assert widest(seen(blotter.page(played(ORDERS), STARTING_CASH, width), width)) <= min(width, 120)


def test_the_page_counts_orders_and_reasons() -> None:
    page = [line.split() for line in seen(blotter.page(played(ORDERS), STARTING_CASH, 120)).splitlines()]

    counts = {" ".join(line[:-2]): line[-2] for line in page if line and line[-1].startswith("█")}
    assert counts == {
        "signals": "4",
        "orders": "4",
        "approved by risk": "2",
        "filled": "1",
        "denied by risk": "2",
        "rejected by the broker": "1",
    }
    assert ["risk", "NOTIONAL_ABOVE_MAX", "2", "18,059", "is", "above", "10,000"] in page
    assert ["the", "broker", "SHORT_NOT_ALLOWED", "1", "nothing", "is", "held"] in page


def test_the_account_adds_up() -> None:
    page = seen(blotter.page(played(ORDERS), STARTING_CASH, 120))

    # 98,114.95 in cash and 1,900 held is what 100,000 became: -12.50 realised, +27.50 unrealised, 0.05 fees.
    for words in ("100,014.95", "-12.50", "+27.50", "-0.05", "+0.01 %: 98,114.95 in cash, 1,900.00 held"):
        assert words in page


def test_a_violation_is_not_hidden() -> None:
    page = seen(blotter.page(played(ORDERS, clean=False), STARTING_CASH, 120))

    assert "2 invariants tested 82 times over 80 events: 1 violations" in page
    assert "invariant=O1" in page


def test_an_order_that_is_still_open_is_counted_by_its_status() -> None:
    orders = [*ORDERS, replace(ORDERS[0], status=Status.UNKNOWN)]

    assert "unknown" in seen(blotter.page(played(orders), STARTING_CASH, 120))


def test_a_session_has_its_own_folder_which_goes_unless_it_is_kept(tmp_path: Path) -> None:
    with session(None, keep=False) as made:
        gone = made.folder.path
        assert load(str(made.config), {}).clock == "quotes"
    with session(tmp_path / "kept", keep=False) as made:
        kept = made.folder.path

    assert not gone.exists()
    assert (kept / "tradewire.toml").exists()


def test_a_replay_needs_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "something").touch()

    with pytest.raises(ConfigError, match="is not empty"), session(tmp_path, keep=False):
        pass


def test_the_machines_own_settings_do_not_reach_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIRE_RISK_MAX_ORDER_VALUE", "1")
    monkeypatch.setenv("MAX_ORDER_USD", "1")

    with clean_environment():
        assert not {"TRADEWIRE_RISK_MAX_ORDER_VALUE", "MAX_ORDER_USD"} & set(os.environ)
    assert os.environ["MAX_ORDER_USD"] == "1"


def test_the_example_is_found() -> None:
    assert example() == Path(__file__).parents[3] / "examples" / "sma_cross.py"


def test_without_a_checkout_the_example_is_the_one_that_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "share" / "tradewire" / "examples" / "sma_cross.py"
    installed.parent.mkdir(parents=True)
    installed.touch()
    (tmp_path / "lib").mkdir()
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    monkeypatch.setattr(
        "tradewire_cli.demo.strategy.__file__",
        str(tmp_path / "lib/python/site-packages/tradewire_cli/demo/strategy.py"),
    )
    monkeypatch.chdir(tmp_path / "lib")
    assert example() == installed
    installed.unlink()
    with pytest.raises(ConfigError, match=r"examples/sma_cross\.py: is not here"):
        example()
