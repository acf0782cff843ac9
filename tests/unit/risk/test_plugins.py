"""The plug-ins that packages name: loaded from what is installed, and named where they cannot be."""

import shutil
import subprocess
import sys
import zipfile
from decimal import Decimal
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import structlog

from tests.unit.risk.asking import order_of, shown, worked_out
from tradewire.domain.sizing import GROUP
from tradewire.settings import Settings
from tradewire_risk import plugins
from tradewire_risk.settings import setup_of

EXAMPLE = Path(__file__).parents[3] / "examples" / "sizing_plugin"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example as a wheel, built and unpacked where Python finds packages."""
    source, wheels, site = tmp_path / "source", tmp_path / "wheels", tmp_path / "site"
    shutil.copytree(EXAMPLE, source)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    monkeypatch.syspath_prepend(str(site))


@pytest.mark.usefixtures("installed")
def test_the_example_is_found_and_sizes_an_order() -> None:
    loaded = plugins.load()

    assert loaded.problems == {}
    assert loaded.origins["equal_weight"] == "tradewire_equal_weight:size of tradewire-equal-weight 1.0.0"
    sized = worked_out(order_of("buy", "custom:equal_weight", "10"), sizers=loaded.sizers, position=Decimal(20))
    assert (sized.problem, sized.quantity) == ("", Decimal(46))
    assert shown(sized.inputs) == (
        "plug-in equal_weight, value 10, equity 100000, positions 10, share 10000.00, held 3000, price 150, "
        "answer 46.66666666666666666666666667, step 1"
    )
    sized = worked_out(order_of("buy", "custom:equal_weight", "10"), sizers=loaded.sizers, equity=lambda: None)
    assert sized.problem == 'the plug-in equal_weight failed: ValueError "the equity or the price is not known"'


@pytest.mark.usefixtures("installed")
def test_the_process_says_what_it_has_loaded(capfd: pytest.CaptureFixture[str]) -> None:
    found = plugins.installed(structlog.get_logger())

    assert set(found) == {"equal_weight"}
    said = capfd.readouterr()
    assert "tradewire_equal_weight:size of tradewire-equal-weight 1.0.0" in said.out + said.err


def test_reloaded_settings_keep_the_plug_ins() -> None:
    found = plugins.load([point("mine", "decimal:Decimal")])
    setup = setup_of(Settings(), found.sizers)
    assert setup_of(Settings(), setup.sizers).sizers == found.sizers
    assert setup_of(Settings()).sizers == {}


def test_nothing_installed_is_nothing_loaded() -> None:
    assert plugins.load([]) == plugins.Plugins({}, {}, {})


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("mine", "no_such_module:size", "it cannot be imported: ModuleNotFoundError"),
        ("mine", "decimal:no_such_name", "it cannot be imported: AttributeError"),
        ("mine", "decimal:ROUND_UP", "it is a str and cannot be called"),
        ("mine", "this is no object", "it cannot be imported: "),
        ("Not A Name", "decimal:Decimal", "a plug-in's name is of a-z"),
    ],
)
def test_one_that_cannot_be_loaded_is_left_out_and_named(name: str, value: str, problem: str) -> None:
    loaded = plugins.load([point(name, value), point("other", "decimal:Decimal")])

    assert set(loaded.sizers) == set(loaded.origins) == {"other"}
    assert loaded.problems[name].startswith(f"{value}: {problem}")


def test_of_two_with_one_name_neither_is_loaded() -> None:
    loaded = plugins.load([point("mine", "decimal:Decimal"), point("mine", "fractions:Fraction")])

    assert (loaded.sizers, loaded.origins) == ({}, {})
    assert "another package names a plug-in of this name" in loaded.problems["mine"]
