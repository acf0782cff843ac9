"""What a call to Alpaca ended with: a refusal in its words, no answer, or nothing sent. Pure.

One of its codes stands for several things, so the words decide. A body may be HTML, or JSON without a code.
"""

import json
import re
from typing import Any

from tradewire_router.brokers import errors as e

_SHOWN = 200
DEFINITE = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422})
"""Statuses that say: it was read, and it was not done. 429 and 5xx may come from a gateway after it was."""
NOT_FOUND_CODE = 40410000


class NotSent(Exception):  # noqa: N818 - what happened
    """Nothing of the request has left this process."""

    def __init__(self, error: e.BrokerError) -> None:
        super().__init__(str(error))
        self.error = error


class NoAnswer(Exception):  # noqa: N818
    """The request may have been carried out: there is no answer, or none that can be read."""

    def __init__(self, error: e.BrokerError) -> None:
        super().__init__(str(error))
        self.error = error


class Refused(Exception):  # noqa: N818
    """An answer that is an error: HTTP status, Alpaca's code where it has one, and its words."""

    def __init__(self, status: int, text: str, *, retry_after: float | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        self.code, self.words, self.readable = read_body(text)
        super().__init__(f"{self.words} (HTTP {status})")

    @property
    def definite(self) -> bool:
        """Whether it proves that nothing was done: a page of some proxy does not."""
        return self.status == 401 or (self.status in DEFINITE and self.readable)

    @property
    def unknown_id(self) -> bool:
        """Whether Alpaca itself, and no proxy, says that there is no such thing."""
        return self.status == 404 and self.readable and (self.code in {None, NOT_FOUND_CODE})

    def said(self) -> str:
        """Its words and where they are from, for people."""
        code = "" if self.code is None else f", code {self.code}"
        return f"Alpaca: {self.words} (HTTP {self.status}{code})"


def read_body(text: str) -> tuple[int | None, str, bool]:
    """Code, words, and whether this was an error of Alpaca's own."""
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = None
    if isinstance(body, dict) and isinstance(words := body.get("message"), str):
        code = body.get("code")
        return (code if isinstance(code, int) else None), words[:_SHOWN], True
    plain = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return None, plain[:_SHOWN] or "its answer has no text", False


_WORDS: tuple[tuple[re.Pattern[str], type[e.BrokerError], str | None], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind, code)
    for pattern, kind, code in (
        (r"client_order_id must be unique", e.DuplicateClientOrderIdError, None),
        (r"wash trade", e.WashTradeError, None),
        (r"insufficient qty|insufficient quantity", e.OrderRejectedError, "INSUFFICIENT_QUANTITY"),
        (r"insufficient (buying power|balance|funds|day trading)", e.InsufficientFundsError, None),
        (r"pattern day trad", e.OrderRejectedError, "PATTERN_DAY_TRADING"),
        (r"asset .*not found|could not find asset|invalid symbol|not (active|tradable)", e.UnknownSymbolError, None),
        (r"market (is )?(currently )?closed|outside (of )?market hours", e.MarketClosedError, None),
        (r"cannot be sold short|not allowed to short|shorting", e.OrderRejectedError, "SHORT_NOT_ALLOWED"),
        (r"not authorized|by user request|account is (blocked|restricted)|forbidden", e.PermissionDeniedError, None),
    )
)


def order_error(refused: Refused) -> e.BrokerError:
    """What a refusal means for an order."""
    if refused.status == 401:
        return e.BrokerAuthenticationError(refused.said())
    for pattern, kind, code in _WORDS:
        if pattern.search(refused.words):
            return kind(refused.said(), code=code)
    kind = e.InvalidOrderError if refused.status in {400, 422} else e.OrderRejectedError
    return kind(refused.said())


def call_error(refused: Refused) -> e.BrokerError:
    """What a refusal means for any other call."""
    said = refused.said()
    match refused.status:
        case 401:
            return e.BrokerAuthenticationError(said)
        case 403:
            return e.PermissionDeniedError(said)
        case 404:
            return e.OrderNotFoundError(said)
        case 408 | 504:
            return e.BrokerTimeoutError(said)
        case 429:
            return e.RateLimitError(said, retry_after=refused.retry_after)
        case 502 | 503:
            return e.BrokerMaintenanceError(said)
        case _:
            return e.BrokerError(said, code=f"HTTP_{refused.status}")


def is_duplicate(refused: Refused) -> bool:
    """Whether the client order id is taken; public sources disagree on the code, so the words decide."""
    return refused.status == 422 and bool(_WORDS[0][0].search(refused.words))
