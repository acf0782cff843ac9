"""Alpaca as a venue: keys and rate in front, the REST table and the verbs behind, and its streams."""

import re
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.twins.alpaca import routes, views
from tests.twins.alpaca.data_stream import DataStream
from tests.twins.alpaca.errors import too_many, unauthorized
from tests.twins.alpaca.money import text
from tests.twins.alpaca.options import Options
from tests.twins.alpaca.reference import assets
from tests.twins.alpaca.state import State
from tests.twins.alpaca.trade_stream import TradeStream
from tests.twins.alpaca.verbs import VERBS
from tests.twins.kit.clock import Clock
from tests.twins.kit.venue import Answer, Call, Push

SECRETS = frozenset(
    ["apca-api-key-id", "apca-api-secret-key", "authorization", "key_id", "secret_key", "key", "secret", "oauth_token"]
)
DATA_STREAM = re.compile("/v2/(iex|sip|delayed_sip|test)|/v1beta3/crypto/us")
WINDOW = 60_000_000
ON_HOLD = {"GET", "HEAD"}


class Alpaca:
    """One account at Alpaca."""

    name = "alpaca"
    secret_names = SECRETS

    def __init__(self, options: Options | None = None, clock: Clock | None = None) -> None:
        self.options = options or Options()
        self.clock = clock or Clock()
        self.revoked = False
        self.state = State(cash=Decimal(self.options.cash), assets=assets())
        self._recent: deque[int] = deque()

    def refused(self, call: Call) -> Answer | None:
        """401 without good keys, then 429 above the rate."""
        given = call.headers.get("apca-api-key-id"), call.headers.get("apca-api-secret-key")
        if self.revoked or given != (self.options.key, self.options.secret):
            return unauthorized(self.options.unauthorized_code).answer()
        now = self.clock.now
        while self._recent and self._recent[0] <= now - WINDOW:
            self._recent.popleft()
        if len(self._recent) >= self.options.rate_per_min:
            reset = (self._recent[0] + WINDOW) // 1_000_000 + 1
            return too_many(self.options.rate_code, self._limits(0, reset))
        self._recent.append(now)
        return None

    def _limits(self, remaining: int, reset: int) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.options.rate_per_min),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": str(reset),
        }

    def changes(self, call: Call) -> bool:
        return call.method not in ON_HOLD

    def handle(self, call: Call) -> Answer:
        answer = routes.handle(self.state, self.options, call, self.clock.now)
        remaining = self.options.rate_per_min - len(self._recent)
        headers = answer.headers | self._limits(remaining, (self.clock.now + WINDOW) // 1_000_000)
        return Answer(status=answer.status, body=answer.body, headers=headers)

    def do(self, verb: str, args: dict[str, Any]) -> Any:
        if verb not in VERBS:
            raise ValueError(f"{verb!r} is not a verb; they are {', '.join(VERBS)}")
        return VERBS[verb][0](self, args)

    def taken(self) -> list[Push]:
        pushes, self.state.pushes = self.state.pushes, []
        return pushes

    def verbs(self) -> Mapping[str, str]:
        return {name: line for name, (_, line) in VERBS.items()}

    def ledger(self) -> dict[str, Any]:
        """Orders, executions that stand, positions, cash and activities without a trade."""
        state = self.state
        return {
            "cash": text(state.cash),
            "orders": [views.order(state, one, nested=False) | {"parent": one.parent} for one in state.orders.values()],
            "executions": [
                {
                    "id": done.id,
                    "order_id": done.order_id,
                    "client_order_id": state.orders[done.order_id].client_order_id,
                    "symbol": done.symbol,
                    "side": done.side,
                    "qty": text(done.qty),
                    "price": text(done.price),
                }
                for done in state.executions.values()
                if not done.busted
            ],
            "positions": {symbol: text(held.qty) for symbol, held in state.positions.items() if held.qty},
            "activities": [entry["told"] for entry in state.activities],
        }

    def session(self, path: str, headers: Mapping[str, str], others: int) -> TradeStream | DataStream | Answer | None:
        if path == "/stream":
            if others and self.options.second_stream == "refused":
                return Answer(status=429, body={"message": "too many connections"})
            return TradeStream(self.options, self.revoked)
        if DATA_STREAM.fullmatch(path):
            return DataStream(self.options, self.revoked, path, headers, others)
        return None
