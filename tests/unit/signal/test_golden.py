"""Whole signals as they are sent and as they are parsed. A golden file never changes; a new case is a new file."""

from pathlib import Path

import msgspec
import pytest
from msgspec import Raw, Struct

from tradewire.messages.signal import Signal
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import unsupported

FILES = sorted((Path(__file__).parent / "golden").glob("*.json"))


class Golden(Struct, forbid_unknown_fields=True):
    """One file: the body as it is sent, the struct as it is encoded, and the field refused as not supported yet."""

    about: str
    strategy: str
    unsupported: str | None
    body: Raw
    signal: Raw


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_golden(file: Path) -> None:
    golden = msgspec.json.decode(file.read_bytes(), type=Golden)

    signal = parse_signal(golden.strategy, bytes(golden.body))

    assert msgspec.json.encode(signal) == msgspec.json.format(bytes(golden.signal), indent=-1)
    assert msgspec.json.decode(golden.signal, type=Signal) == signal
    refusal = unsupported(signal)
    assert (refusal and refusal.field) == golden.unsupported


def test_the_files_are_there() -> None:
    assert len(FILES) >= 16
