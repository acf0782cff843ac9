"""What Alpaca, or whoever answers in its place, sends back of our keys is quoted nowhere."""

import asyncio
from typing import Any

import pytest

from tests.contract.brokers.bench import an_order
from tests.integration.router.alpaca.conftest import SECRETS, Join, Venue
from tests.integration.router.alpaca.test_routing import POST, RESTING, same_books
from tests.integration.router.alpaca.trading import AtAlpaca
from tests.integration.router.pit import Pit
from tradewire_router.brokers import events as e
from tradewire_router.brokers.alpaca.answers import NoAnswer
from tradewire_router.brokers.alpaca.budget import Budget, Urgency
from tradewire_router.brokers.alpaca.lane import Lane, Request
from tradewire_router.brokers.alpaca.settings import read
from tradewire_router.brokers.errors import BrokerError
from tradewire_router.brokers.options import HIDDEN
from tradewire_router.brokers.results import Inconclusive, SubmitUnknown

ECHO = f'{{"headers": {{"APCA-API-KEY-ID": "{SECRETS[0]}", "APCA-API-SECRET-KEY": "{SECRETS[1]}"}}}}'


def assert_hidden(text: str) -> None:
    assert HIDDEN in text
    assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("status", [200, 422, 500])
async def test_an_answer_that_echoes_the_keys_is_quoted_without_them(venue: Venue, join: Join, status: int) -> None:
    bench = await venue()
    trader = await join(bench)
    await bench.arm("status_before", "* /v2/*", times=0, status=status, body=ECHO)
    order = an_order(**RESTING)
    submitted = await trader.broker.submit(order)
    assert isinstance(submitted, SubmitUnknown)
    assert_hidden(str(submitted.error))
    found = await trader.broker.find_order(order.client_order_id, "AAPL")
    assert isinstance(found, Inconclusive)
    assert_hidden(str(found.error))
    asked = (trader.broker.open_orders(), trader.broker.executions_since(None))
    for answer in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(answer, BrokerError)
        assert_hidden(str(answer))


async def test_a_message_of_the_stream_that_echoes_a_key_is_told_without_it(venue: Venue, join: Join) -> None:
    bench = await venue()
    trader = await join(bench)
    order = an_order(**RESTING)
    await trader.accepted(order)
    await bench.do("restate", client_order_id=order.client_order_id, status=SECRETS[1])
    await trader.until_heard(e.OrderUpdated, order.client_order_id)
    (updated,) = trader.about(order.client_order_id, e.OrderUpdated)
    assert SECRETS[1] not in repr(updated).lower()


class _Quoting:
    """Ends every request with an error of no known kind, which quotes the keys."""

    remaining: int | None = None

    def call(self, seconds: float, request: Request) -> Any:
        raise KeyError(f"{request.path} in {seconds:g} s with {SECRETS[0]} and {SECRETS[1]}")

    def close(self) -> None:
        pass


async def test_an_error_of_the_library_that_quotes_the_keys_is_told_without_them(venue: Venue) -> None:
    settings = read((await venue()).settings(), "main")
    lane = Lane("test", _Quoting(), Budget(60), lambda: None, settings.hidden, call_seconds=1)
    with pytest.raises(NoAnswer) as failed:
        await lane.call(Request("GET", "/orders"), Urgency.QUESTION)
    lane.close()
    assert_hidden(str(failed.value))


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_of_the_keys_reaches_the_log_or_a_file(pit: Pit, venue: Venue) -> None:
    """The fixture of this folder looks through all events and files."""
    bench = await venue()
    account = AtAlpaca(pit, bench)
    async with account.router() as router:
        await bench.arm("status_after", POST, status=200, body=ECHO)
        order = await account.place()
        story = await account.until(order, "OrderFilled")
        assert "OrderSubmitUnknown" in story
        assert "***" in router.output()
    await same_books(account)
