"""What the library does when things go wrong, and what of it can be switched off."""

import json
from collections.abc import Callable
from typing import Any, cast

import requests
from alpaca.common.constants import DEFAULT_RETRY_ATTEMPTS, DEFAULT_RETRY_EXCEPTION_CODES, DEFAULT_RETRY_WAIT_SECONDS
from requests.adapters import HTTPAdapter

from tests.twins.alpaca.rules import rule
from tests.twins.alpaca.rules.desk import Desk, refused
from tests.twins.alpaca.rules.facts import limit

POST = "POST /v2/orders"
SHORT_SECONDS = 0.3


class Bounded(HTTPAdapter):
    """Gives every request a time-out, as a user of the library has to."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        return super().send(request, *args, **{**kwargs, "timeout": (SHORT_SECONDS, SHORT_SECONDS)})


def raised(call: Callable[..., object], *args: object) -> BaseException:
    """What a call raises."""
    try:
        call(*args)
    except Exception as error:  # noqa: BLE001 -- the proof looks at whatever it is
        return error
    raise AssertionError("nothing was raised")


@rule("the library posts again after 429 and 504, three times, three seconds apart", "§2 [src]")
def retries(desk: Desk) -> None:
    assert (DEFAULT_RETRY_ATTEMPTS, DEFAULT_RETRY_WAIT_SECONDS, DEFAULT_RETRY_EXCEPTION_CODES) == (3, 3, [429, 504])
    for status in (429, 504):
        twin = desk.twin()
        twin.arm("status_before", POST, times=3, status=status)
        desk.client(twin).submit_order(limit())
        assert twin.calls(POST) == 4
        assert len(twin.ledger()["orders"]) == 1


@rule("a 504 after acceptance with our id comes back as a duplicate: look it up and adopt it", "§2 [run]")
def retried_with_id(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.arm("status_after", POST, status=504)
    error = refused(client.submit_order, limit(client_order_id="mine"))
    assert "client_order_id must be unique" in error.message
    assert client.get_order_by_client_id("mine")["status"] == "new"
    assert len(twin.ledger()["orders"]) == 1


@rule("a 504 after acceptance without an id doubles the order", "§2 [run]")
def retried_without_id(desk: Desk) -> None:
    twin = desk.twin()
    twin.arm("status_after", POST, status=504)
    desk.client(twin).submit_order(limit())
    assert len(twin.ledger()["orders"]) == 2


@rule("_retry_codes = [] switches it off", "§2 [run]")
def retries_off(desk: Desk) -> None:
    for status in (429, 504):
        twin = desk.twin()
        client = desk.client(twin)
        client._retry_codes = []
        twin.arm("status_before", POST, status=status)
        assert refused(client.submit_order, limit()).status_code == status
        assert twin.calls(POST) == 1


@rule("the library has no time-out; an adapter gives it one, and the order may exist all the same", "§2 [run]")
def no_timeout(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    seen: list[Any] = []
    send = client._session.send

    def watched(request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        seen.append(kwargs["timeout"])
        return cast("requests.Response", send(request, **kwargs))

    client._session.send = watched
    client.get_account()
    assert seen == [None]
    client._session.mount("http://", Bounded())
    twin.arm("hang_after", POST)
    error = raised(client.submit_order, limit(client_order_id="silent"))
    assert isinstance(error, requests.ReadTimeout)
    assert client.get_order_by_client_id("silent")["status"] == "new"
    twin.arm("hang_before", POST)
    raised(client.submit_order, limit(client_order_id="lost"))
    assert refused(client.get_order_by_client_id, "lost").status_code == 404


@rule("APIError.code raises on an HTML body, and on a JSON body without a code", "§2 [run]")
def html_error(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    twin.arm("status_before", POST, status=502, body="<html>Bad Gateway</html>", content_type="text/html")
    error = refused(client.submit_order, limit())
    assert error.status_code == 502
    assert isinstance(raised(lambda: error.code), json.JSONDecodeError)
    bare = refused(desk.client(twin, secret="wrong").get_account)
    assert isinstance(raised(lambda: bare.code), KeyError)


@rule("an answer that is lost after acceptance: the order is found by its id", "§4 [run]")
def lost_answers(desk: Desk) -> None:
    for kind in ("drop_after", "reset_after", "cut_after"):
        twin = desk.twin()
        client = desk.client(twin)
        twin.arm(kind, POST)
        error = raised(client.submit_order, limit(client_order_id="there"))
        assert isinstance(error, requests.ConnectionError | requests.exceptions.ChunkedEncodingError), error
        assert client.get_order_by_client_id("there")["status"] == "new"
        assert twin.calls(POST) == 1


@rule("a request that is lost before acceptance: every look-up says 404", "§4 [run]")
def lost_requests(desk: Desk) -> None:
    for kind in ("drop_before", "reset_before"):
        twin = desk.twin()
        client = desk.client(twin)
        twin.arm(kind, POST)
        assert isinstance(
            raised(client.submit_order, limit(client_order_id="not")),
            requests.ConnectionError,
        )
        assert refused(client.get_order_by_client_id, "not").code == 40410000


@rule("a 5xx before or after acceptance says nothing about the order: the look-up does", "§4 [run]")
def server_errors(desk: Desk) -> None:
    for kind, there in (("status_before", False), ("status_after", True)):
        twin = desk.twin()
        client = desk.client(twin)
        twin.arm(kind, POST, status=500, body='{"code":50010000,"message":"internal server error occurred"}')
        assert refused(client.submit_order, limit(client_order_id="x")).status_code == 500
        assert bool(twin.ledger()["orders"]) == there


@rule("a look-up may say 404 for a while after acceptance: one 404 proves nothing", "§4")
def not_yet(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.submit_order(limit(client_order_id="new"))
    body = '{"code":40410000,"message":"order not found for new"}'
    twin.arm("status_before", "GET /v2/orders:by_client_order_id", times=2, status=404, body=body)
    for _ in range(2):
        assert refused(client.get_order_by_client_id, "new").code == 40410000
    assert client.get_order_by_client_id("new")["status"] == "new"


@rule("keys that are revoked while in use: 401 on every call", "§8")
def revoked(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin)
    client.get_account()
    twin.do("keys", revoked=True)
    assert refused(client.get_account).status_code == 401
    twin.do("keys", revoked=False)
    client.get_account()


@rule("the venue's clock may be ahead", "§8")
def skew(desk: Desk) -> None:
    twin = desk.twin()
    client = desk.client(twin, typed=True)
    before = client.get_clock().timestamp
    twin.do("clock", skew_seconds=3600)
    assert (client.get_clock().timestamp - before).total_seconds() >= 3600
