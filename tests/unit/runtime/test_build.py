"""Which build a process is: of the same source the same, and of no other."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tradewire
from tradewire.build import build_id, source_digest


@pytest.fixture(autouse=True)
def _afresh() -> Iterator[None]:
    build_id.cache_clear()
    yield
    build_id.cache_clear()


def source(folder: Path, **texts: str) -> Path:
    """A package with modules."""
    (folder / "sub").mkdir(parents=True)
    for name, text in {"__init__": "", "one": "ONE = 1\n", "sub/two": "TWO = 2\n", **texts}.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_the_same_source_has_the_same_digest_wherever_it_lies(tmp_path: Path) -> None:
    here, there = source(tmp_path / "here" / "pack"), source(tmp_path / "there" / "pack")
    other = source(tmp_path / "there" / "more")

    assert source_digest([here]) == source_digest([there])
    assert source_digest([here, other]) == source_digest([other, there])
    assert source_digest([here]) != source_digest([here, other])


def test_every_change_of_the_source_changes_the_digest(tmp_path: Path) -> None:
    pack = source(tmp_path / "pack")
    seen = [source_digest([pack])]
    (pack / "one.py").write_text("ONE = 2\n")
    seen.append(source_digest([pack]))
    (pack / "sub" / "two.py").rename(pack / "sub" / "three.py")
    seen.append(source_digest([pack]))
    (pack / "four.py").write_text("")
    seen.append(source_digest([pack]))
    # The same bytes, cut at another place.
    (pack / "four.py").rename(pack / "fou.py")
    (pack / "fou.py").write_text("r.py")
    seen.append(source_digest([pack]))

    assert len(set(seen)) == len(seen)


def test_what_is_made_from_the_source_and_what_is_no_source_do_not_count(tmp_path: Path) -> None:
    pack = source(tmp_path / "pack")
    before = source_digest([pack])
    (pack / "__pycache__").mkdir()
    (pack / "__pycache__" / "one.py").write_text("left")
    (pack / "py.typed").write_text("")

    assert source_digest([pack]) == before


def test_a_build_is_the_version_and_eight_digits_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEWIRE_BUILD", raising=False)
    version, plus, digits = build_id().partition("+")

    assert (version, plus, len(digits)) == (tradewire.__version__, "+", 8)
    int(digits, 16)
    build_id.cache_clear()
    assert build_id() == f"{version}+{digits}"


def test_every_process_finds_the_same_build(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRADEWIRE_BUILD", raising=False)
    program = "import tradewire.settings; from tradewire.build import build_id; print(build_id())"
    found = [
        subprocess.run(
            [sys.executable, "-B", "-c", program], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        for folder in (tmp_path, Path(__file__).parent)
    ]

    assert len(set(found)) == 1


def test_an_image_names_its_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIRE_BUILD", "2026.3-17 ")
    assert build_id() == "2026.3-17"

    monkeypatch.setenv("TRADEWIRE_BUILD", "changed while it runs")
    assert build_id() == "2026.3-17"


def test_an_empty_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIRE_BUILD", " ")
    assert build_id().startswith(f"{tradewire.__version__}+")
