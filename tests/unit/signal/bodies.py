"""Bodies of signals for tests, put together from raw JSON text so that they can be wrong in any way."""

import msgspec
import pytest

from tradewire.messages.refusals import Refusal, SignalInvalid
from tradewire.messages.signal import Signal
from tradewire.messages.signal_parse import parse_signal

GOOD = {"id": '"a-1"', "symbol": '"AAPL"', "action": '"buy"', "quantity": "10"}


def body(without: str = "", **fields: str) -> bytes:
    """Returns a good signal with these members, given as raw JSON text, instead of its own or besides them."""
    members = {name: text for name, text in (GOOD | fields).items() if name not in without.split()}
    return ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}").encode()


def parsed(**fields: object) -> Signal:
    """Returns the signal with these members, given as Python values, besides id and symbol."""
    return parse_signal("momentum", msgspec.json.encode({"id": "a-1", "symbol": "AAPL", **fields}))


def refusal_of(raw: bytes) -> Refusal:
    """Returns why a message is refused; the test fails if it is not."""
    with pytest.raises(SignalInvalid) as caught:
        parse_signal("momentum", raw)
    return caught.value.refusal
