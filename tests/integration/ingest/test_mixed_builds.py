"""An ingest of another build than the ledger's: it takes nothing in, says why, and the one at work goes on."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import cast

from tests.integration.ingest.plant import Plant, signal
from tests.processes import Child, child
from tests.waiting import soon
from tradewire.build import build_id

NEW = {"TRADEWIRE_BUILD": "new"}


def problems(process: Child) -> dict[str, str]:
    """What /readyz says is wrong; nothing where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/readyz", timeout=1) as answer:
            return cast("dict[str, str]", json.load(answer)["problems"])
    except urllib.error.HTTPError as error:
        return cast("dict[str, str]", json.load(error)["problems"])
    except OSError:
        return {}


async def refused(process: Child) -> None:
    """Waits until a process says why it is not at work; it has said it in one line, and once."""
    says = f"this process is build new, and the ledger is build {build_id()}: start the ledger's build"

    async def said() -> bool:
        assert process.alive, process.output()
        return (await asyncio.to_thread(problems, process)).get("build") == says

    await soon(said)
    told = [line for line in process.output().splitlines() if json.loads(line).get("problem") == says]
    assert len(told) == 1, told


async def test_an_upgraded_ingest_waits_for_its_ledger_and_the_old_one_goes_on(plant: Plant) -> None:
    async with plant.ingest() as old, plant.ingest(NEW, ready=False) as new:
        await refused(new)
        # Were its door open, half of the commands would come to it.
        for number in range(10):
            await plant.ask("pause", reason=f"{number}", strategy="momo")
        await plant.publish("momo", signal("a-1"))
        await plant.until_settled()
        assert old.ready()
        assert old.output().count('"event": "command"') == 10
        assert '"event": "command"' not in new.output()
        assert [data["signal_id"] for data in await plant.data("SignalReceived")] == ["a-1"]

        assert await old.stop() == 0
        await refused(new)  # the lease is free, and it does not get it
        await plant.sequencer.stop()
        async with child("tradewire_ledger.sequencer", plant.engines, "sequencer", plant.folder, NEW) as sequencer:
            await sequencer.until_ready()
            await new.until_ready()
            assert "build" not in problems(new)
            await plant.publish("momo", signal("a-2"))
            await plant.until_settled()
            await plant.ask("pause", reason="11", strategy="momo")
            assert '"event": "command"' in new.output()
            assert [data["signal_id"] for data in await plant.data("SignalReceived")] == ["a-1", "a-2"]
        await plant.assert_clean()
