"""Alpaca's own client, bounded: every request has a time-out, nothing is sent twice, and what failed says how.

The library posts again after 429 and 504, waits without end, and its errors raise when they are read; all of that is
taken from it here. Everything in this module runs in a lane's thread.
"""

from typing import Any

import requests
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectTimeout, JSONDecodeError, RequestException, Timeout
from urllib3.exceptions import MaxRetryError, NewConnectionError

from tradewire_router.brokers.alpaca.answers import NoAnswer, NotSent, Refused
from tradewire_router.brokers.alpaca.lane import Request
from tradewire_router.brokers.alpaca.settings import AlpacaSettings
from tradewire_router.brokers.errors import BrokerConnectionError, BrokerError, BrokerTimeoutError

CONNECT_SECONDS = 2.0
_SHOWN = 200
"""How much is quoted of an answer that cannot be read."""


class _Bounded(HTTPAdapter):
    """Gives every request the (connect, read) time-outs that were last set."""

    timeouts = (CONNECT_SECONDS, CONNECT_SECONDS)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        return super().send(request, *args, **{**kwargs, "timeout": self.timeouts})


class Client:
    """One session over HTTP."""

    def __init__(self, settings: AlpacaSettings) -> None:
        self._settings = settings
        self._library = TradingClient(
            settings.key.reveal(), settings.secret.reveal(), url_override=settings.url, raw_data=True
        )
        self._library._retry_codes = []  # noqa: SLF001 - no argument switches the repetition off
        self._bounded = _Bounded()
        session: requests.Session = self._library._session  # noqa: SLF001 - nor is there one for time-outs
        session.trust_env = False  # a ~/.netrc would send other keys than ours
        session.mount("http://", self._bounded)
        session.mount("https://", self._bounded)
        session.hooks["response"].append(self._hear)
        self.remaining: int | None = None

    def __repr__(self) -> str:
        return f"Client({self._settings.url})"

    def call(self, seconds: float, request: Request) -> Any:
        """Sends one request, once, and returns what the answer holds; `seconds` bounds its connection and its answer.

        Raises:
            NotSent, NoAnswer, Refused: as their names say.
        """
        self._bounded.timeouts = (min(seconds, CONNECT_SECONDS), seconds)
        self.remaining = None
        where = {"base_url": request.base, "api_version": request.version} if request.base else {}
        try:
            return self._library._request(request.method, request.path, request.data, **where)  # noqa: SLF001
        except APIError as error:
            raise self._refused(error) from None
        except ConnectTimeout:
            raise NotSent(BrokerConnectionError(f"{self._host} does not answer")) from None
        except Timeout:
            raise NoAnswer(BrokerTimeoutError(f"no answer from {self._host} in {seconds:.3g} s")) from None
        except JSONDecodeError as error:  # under a status that says it is fine
            words = f"{self._host} sent what cannot be read: {str(error.doc)[:_SHOWN]!r}"
            raise NoAnswer(BrokerError(words, code="UNREADABLE")) from None
        except RequestException as error:
            words = self._settings.hidden(_cause(error))
            if _never_connected(error):
                raise NotSent(BrokerConnectionError(f"{self._host} cannot be reached: {words}")) from None
            raise NoAnswer(BrokerConnectionError(f"the connection to {self._host} broke: {words}")) from None

    def close(self) -> None:
        """Ends its connections."""
        self._library._session.close()  # noqa: SLF001

    @property
    def _host(self) -> str:
        return self._settings.url

    def _hear(self, response: requests.Response, *_args: object, **_more: object) -> None:
        """Reads an answer's head, and takes our keys out of its body, before anybody can quote it."""
        text = response.content.decode("utf-8", "surrogateescape")
        if (hidden := self._settings.hidden(text)) != text:
            response._content = hidden.encode("utf-8", "surrogateescape")  # noqa: SLF001 - there is no other way
        left = response.headers.get("X-RateLimit-Remaining", "")
        self.remaining = int(left) if left.isascii() and left.isdecimal() else None

    def _refused(self, error: APIError) -> Refused:
        response = error.response
        status = response.status_code if response is not None else 0
        after = response.headers.get("Retry-After", "") if response is not None else ""
        seconds = float(after) if after.isascii() and after.isdecimal() else None
        return Refused(status, str(error), retry_after=seconds)


def _cause(error: BaseException) -> str:
    """What the system said at the bottom of it: the library's own words quote its objects."""
    words = str(error)
    below: BaseException | None = error
    while below is not None:
        if isinstance(below, OSError) and below.strerror:
            words = below.strerror
        below = below.__cause__ or below.__context__
    return words


def _never_connected(error: RequestException) -> bool:
    """Whether no connection came about, so that nothing can have been sent on it."""
    reason = error.args[0] if error.args else None
    return isinstance(reason, MaxRetryError) and isinstance(reason.reason, NewConnectionError)
