"""Whatever dies, and whenever: each order is decided once."""

import asyncio

import pytest

from tests.integration.risk.floor import Floor
from tradewire_cli.engines.testing import Engines

OPEN = {"TRADEWIRE_RISK_MAX_OPEN_ORDERS_PER_SYMBOL": "1000000"}


@pytest.mark.parametrize("point", ["risk.before_decide", "risk.before_append", "risk.after_append"])
async def test_a_process_that_dies_leaves_no_order_undecided_and_decides_none_twice(floor: Floor, point: str) -> None:
    await floor.feed()
    async with floor.risk(OPEN) as settled:
        await settled.stop()
    orders = await floor.request(*(f"s{n}" for n in range(300)))
    marker = {"TRADEWIRE_FAULTS_FILE": str(floor.folder / "faults")}
    async with floor.risk({**OPEN, **marker, "TRADEWIRE_FAULTS": f"{point}=kill@2"}, ready=False) as dying:
        assert await dying.ended() == -9
        await floor.release(dying)
    assert f" {point} kill " in (floor.folder / "faults").read_text()
    async with floor.risk(OPEN):
        await floor.until_decided(orders)
    assert [each.order for each in await floor.said("OrderApproved", "OrderDenied")] == orders
    await floor.assert_clean()


async def test_the_loss_of_nats_and_of_postgres_loses_and_repeats_no_decision(floor: Floor, engines: Engines) -> None:
    await floor.feed()
    orders: list[str] = []
    async with floor.risk(OPEN) as risk:
        for n, engine in enumerate((engines.nats, engines.postgres, engines.nats)):
            orders += await floor.request(*(f"{n}-{i}" for i in range(100)))
            await engine.kill()
            await asyncio.sleep(0.5)
            await engine.start()
            orders += await floor.request(*(f"{n}+{i}" for i in range(100)))
            await floor.until_decided(orders)
        await risk.until_ready()
        assert risk.alive
    await floor.assert_clean()
