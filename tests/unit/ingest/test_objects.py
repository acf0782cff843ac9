from typing import Any

import msgspec
import pytest

from tradewire.messages.control import MAX_BYTES
from tradewire_ingest.domain.objects import named_in


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ({"scope": "global", "level": "SOFT", "reason": "x"}, {"scope": "global"}),
        ({"scope": "account.main", "limits": {"max_order_value": "-1"}}, {"scope": "account.main"}),
        ({"order": "753f846a", "request": "r-1"}, {"order": "753f846a"}),
        ({"account": "main", "symbol": "KO", "strategy": ""}, {"account": "main", "symbol": "KO"}),
        ({"order": 5, "scope": None}, {}),
        ({"proposal": "p" * 300}, {"proposal": "p" * 64}),
        (["global"], {}),
    ],
)
def test_a_log_line_names_what_a_command_is_about(message: Any, named: dict[str, str]) -> None:
    assert named_in(msgspec.json.encode(message)) == named


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 5_000, b'{"scope":"' + b"x" * MAX_BYTES + b'"}'])
def test_what_cannot_be_read_names_nothing(payload: bytes) -> None:
    assert named_in(payload) == {}
