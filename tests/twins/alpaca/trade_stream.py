"""`/stream`: authenticate, listen, then trade_updates, in binary frames of JSON on paper."""

import json

from tests.twins.alpaca.options import Options
from tests.twins.kit.venue import Push


class TradeStream:
    """One client's connection."""

    channel = "trade_updates"

    def __init__(self, options: Options, revoked: bool) -> None:
        self._options, self._revoked = options, revoked
        self._authorized = False
        self.ready = False
        self.closing = False

    def opened(self) -> list[str | bytes]:
        return []

    def received(self, frame: str | bytes) -> list[str | bytes]:
        """Answers `authenticate` and `listen`; anything else is not answered."""
        try:
            asked = json.loads(frame)
            action, data = asked.get("action"), asked.get("data") or {}
        except (ValueError, AttributeError):
            self.closing = True
            return []
        if action in {"authenticate", "auth"}:
            return [self._authenticated(data.get("key_id"), data.get("secret_key"))]
        if action == "listen" and self._authorized:
            streams = [name for name in data.get("streams", []) if name == self.channel]
            self.ready = bool(streams)
            return [self._frame({"stream": "listening", "data": {"streams": streams}})]
        return [self._frame({"stream": "authorization", "data": {"status": "unauthorized", "action": str(action)}})]

    def _authenticated(self, key: object, secret: object) -> str | bytes:
        good = not self._revoked and (key, secret) == (self._options.key, self._options.secret)
        self._authorized = good
        self.closing = not good
        status = "authorized" if good else "unauthorized"
        return self._frame({"stream": "authorization", "data": {"status": status, "action": "authenticate"}})

    def framed(self, push: Push) -> str | bytes | None:
        return self._frame(push.message) if self.ready and push.channel == self.channel else None

    def readable(self, frame: str | bytes) -> object:
        try:
            return json.loads(frame)
        except ValueError:
            return repr(frame)

    def _frame(self, message: dict[str, object]) -> str | bytes:
        text = json.dumps(message, separators=(",", ":"))
        return text.encode() if self._options.trade_frames == "binary" else text
