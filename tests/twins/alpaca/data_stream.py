"""`/v2/iex` and its like: market data in MessagePack when the client names it at the handshake, in JSON otherwise."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgpack

from tests.twins.alpaca.options import Options
from tests.twins.kit.venue import Push

MSGPACK = "application/msgpack"
CHANNELS = {
    "t": "trades",
    "q": "quotes",
    "b": "bars",
    "u": "updatedBars",
    "d": "dailyBars",
    "s": "statuses",
    "l": "lulds",
    "c": "corrections",
    "x": "cancelErrors",
}
ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    409: "insufficient subscription",
    410: "invalid subscribe action for this feed",
}


class DataStream:
    """One client's connection."""

    channel = "data"

    def __init__(self, options: Options, revoked: bool, path: str, headers: Mapping[str, str], others: int) -> None:
        self._options, self._revoked, self._others = options, revoked, others
        self._packed = headers.get("content-type", "") == MSGPACK
        self._paid = path.endswith("/sip")
        self._crypto = "crypto" in path
        self._authorized = False
        self._subscribed: dict[str, list[str]] = {name: [] for name in CHANNELS.values()}
        self.ready = False
        self.closing = False

    def opened(self) -> list[str | bytes]:
        return [self._frame({"T": "success", "msg": "connected"})]

    def received(self, frame: str | bytes) -> list[str | bytes]:
        """Answers `auth`, `subscribe` and `unsubscribe`."""
        asked = self.readable(frame)
        if not isinstance(asked, dict):
            return [self._error(400)]
        match asked.get("action"):
            case "auth":
                return [self._auth(asked.get("key"), asked.get("secret"))]
            case "subscribe" | "unsubscribe" if not self._authorized:
                return [self._error(401)]
            case "subscribe" | "unsubscribe":
                return [self._subscribe(asked, adds=asked["action"] == "subscribe")]
        return [self._error(400)]

    def _auth(self, key: object, secret: object) -> str | bytes:
        if self._authorized:
            return self._error(403)
        if self._revoked or (key, secret) != (self._options.key, self._options.secret):
            self.closing = True
            return self._error(402)
        if self._paid and self._options.feeds != "sip":
            self.closing = True
            return self._error(409)
        if self._others >= self._options.data_streams:
            self.closing = True
            return self._error(406)
        self._authorized = True
        return self._frame({"T": "success", "msg": "authenticated"})

    def _subscribe(self, asked: dict[str, Any], *, adds: bool) -> str | bytes:
        wanted = {name: list(asked.get(name) or []) for name in self._subscribed}
        if wanted["statuses"] and self._options.statuses == "refused":
            return self._error(410)
        for name, symbols in wanted.items():
            now = self._subscribed[name]
            after = (
                [*now, *(one for one in symbols if one not in now)] if adds else [s for s in now if s not in symbols]
            )
            if adds and self._options.feeds == "iex" and len(after) > self._options.data_symbols:
                return self._error(405)
            self._subscribed[name] = after
        self.ready = any(self._subscribed.values())
        return self._frame({"T": "subscription", **self._subscribed})

    def framed(self, push: Push) -> str | bytes | None:
        """A message of a symbol that the client has subscribed to, on the stream of its kind of asset."""
        symbol = push.message.get("S")
        if push.channel != self.channel or self._crypto != ("/" in str(symbol)):
            return None
        wanted = self._subscribed[CHANNELS[push.kind]]
        return self._frame(push.message) if symbol in wanted or "*" in wanted else None

    def readable(self, frame: str | bytes) -> object:
        try:
            if self._packed and isinstance(frame, bytes):
                return _shown(msgpack.unpackb(frame))
            return json.loads(frame)
        except (ValueError, msgpack.UnpackException):
            return repr(frame)

    def _error(self, code: int) -> str | bytes:
        return self._frame({"T": "error", "code": code, "msg": ERRORS[code]})

    def _frame(self, message: dict[str, Any]) -> str | bytes:
        if not self._packed:
            return json.dumps([message], separators=(",", ":"))
        packed = {name: _time(value) if name == "t" else value for name, value in message.items()}
        return bytes(msgpack.packb([packed]))


def _time(written: str) -> msgpack.Timestamp:
    return msgpack.Timestamp.from_datetime(datetime.fromisoformat(written))


def _shown(value: Any) -> Any:
    """What the journal shows of unpacked MessagePack: times as text."""
    if isinstance(value, list):
        return [_shown(one) for one in value]
    if isinstance(value, dict):
        return {name: _shown(one) for name, one in value.items()}
    return value.to_datetime().isoformat() if isinstance(value, msgpack.Timestamp) else value
