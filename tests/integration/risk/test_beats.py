"""What a risk process says of itself about once a second, as a router hears it."""

from tests.integration.risk.floor import Floor
from tests.waiting import soon
from tradewire import subjects
from tradewire.build import build_id
from tradewire.bus import Message
from tradewire.messages.beats import ServiceBeat, decode_service_beat


async def test_only_the_process_that_has_the_lease_says_that_it_decides(floor: Floor) -> None:
    heard: dict[str, ServiceBeat] = {}

    def hear(message: Message) -> None:
        beat = decode_service_beat(message.data)
        heard[beat.instance] = beat

    async def decide() -> set[str]:
        return {beat.instance for beat in heard.values() if beat.decides}

    bus = await floor.bus("router")
    subscription = await bus.subscribe(subjects.heartbeat("risk", "main"), hear)
    await floor.feed()
    async with floor.risk({"TRADEWIRE_INSTANCE": "one"}) as first:

        async def first_decides() -> bool:
            return await decide() == {"one"}

        await soon(first_decides)
        async with floor.risk({"TRADEWIRE_INSTANCE": "two"}, ready=False) as second:

            async def both_beat() -> bool:
                return set(heard) == {"one", "two"}

            await soon(both_beat)
            assert await decide() == {"one"}
            assert not heard["two"].ready
            assert await first.stop() == 0
            heard.clear()

            async def second_decides() -> bool:
                return await decide() == {"two"}

            await soon(second_decides)
            assert await second.stop() == 0
    assert {beat.build for beat in heard.values()} == {build_id()}
    assert {beat.service for beat in heard.values()} == {"risk"}
    await subscription.stop()
