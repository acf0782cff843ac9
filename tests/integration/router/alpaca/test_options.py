"""What sources do not settle about Alpaca: with every value of it, the adapter says and does the same."""

from decimal import Decimal
from typing import Any

import pytest

from tests.contract.brokers.bench import an_order
from tests.integration.router.alpaca.conftest import Join, Venue
from tests.twins.alpaca.options import values
from tests.waiting import soon
from tradewire_router.brokers import errors
from tradewire_router.brokers.results import Absent, Inconclusive, SubmitRejected, SubmitUnknown

RESTING: dict[str, Any] = {"order_type": "limit", "limit_price": Decimal(90), "time_in_force": "gtc"}


@pytest.mark.parametrize("code", values("unauthorized_code"))
async def test_keys_that_are_not_taken_are_that_with_a_code_or_without(venue: Venue, join: Join, code: int) -> None:
    bench = await venue(unauthorized_code=code)
    trader = await join(bench)
    await bench.do("keys", revoked=True)
    with pytest.raises(errors.BrokerAuthenticationError, match="HTTP 401") as told:
        await trader.broker.open_orders()
    assert ("code 40110000" in told.value.message) == bool(code)
    order = an_order()
    refused = await trader.broker.submit(order)
    assert isinstance(refused, SubmitRejected)
    assert isinstance(refused.error, errors.BrokerAuthenticationError)
    assert isinstance(await trader.broker.find_order(order.client_order_id, "AAPL"), Inconclusive)


@pytest.mark.parametrize("code", values("rate_code"))
async def test_a_request_too_many_is_that_with_a_code_or_without(venue: Venue, join: Join, code: int) -> None:
    bench = await venue(rate_code=code)
    trader = await join(bench)
    await trader.broker.clock()
    await bench.do("options", rate_per_min=1)
    with pytest.raises(errors.RateLimitError, match="HTTP 429") as told:
        await trader.broker.clock()
    assert ("code 42910000" in told.value.message) == bool(code)


@pytest.mark.parametrize("code", values("rate_code"))
async def test_an_order_that_is_one_too_many_is_unknown_and_then_absent(venue: Venue, join: Join, code: int) -> None:
    bench = await venue(rate_code=code)
    trader = await join(bench)

    async def caught_up() -> bool:
        return bench.twin.calls("GET /v2/account/activities/FILL") == 2

    await soon(caught_up)  # else that is the request too many, and the order is not even begun
    await bench.do("options", rate_per_min=1)
    order = an_order(**RESTING)
    result = await trader.broker.submit(order)
    assert isinstance(result, SubmitUnknown)
    assert isinstance(result.error, errors.RateLimitError)
    assert bench.twin.calls("POST /v2/orders") == 1
    await bench.do("options", rate_per_min=100_000)
    after = await join(bench)
    assert isinstance(await after.broker.find_order(order.client_order_id, "AAPL"), Absent)


@pytest.mark.parametrize("feeds", values("feeds"))
async def test_a_feed_that_is_paid_for_answers_and_another_is_not_permitted(
    venue: Venue, join: Join, feeds: str
) -> None:
    bench = await venue(feeds=feeds)
    trader = await join(bench, feed="sip")
    if feeds == "sip":
        quote = await trader.broker.quote("AAPL")
        assert quote is not None
        assert (quote.bid, quote.ask) == (Decimal("99.9"), Decimal("100.1"))
    else:
        with pytest.raises(errors.PermissionDeniedError, match="SIP"):
            await trader.broker.quote("AAPL")
