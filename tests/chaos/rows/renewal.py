"""Secrets and certificates are renewed while all runs, or too late."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import msgspec

from tests.chaos.run import Run
from tests.chaos.system import ALL
from tradewire_cli.engines import certificates, probe

EXPIRES = "tradewire_certificate_expiry_timestamp_seconds"
_SOON_DAYS = 10
_SECONDS = 30.0
_CLIENTS = ("sequencer", "reader", "risk", "ingest", "router")
"""They say that a certificate ends; the paper broker only listens to quotes."""


async def swapped(run: Run) -> None:
    """Files are swapped under the running processes, which connect anew and are not started anew.

    By turns all certificates, with their authority; the key of a service; certificates that have ended already, and
    then good ones.
    """
    pids = {name: run.system.processes[name].pid for name in ALL}
    await (_authority, _key, _ended)[run.seed % 3](run)
    if restarted := [name for name, pid in pids.items() if run.system.processes[name].pid != pid]:
        run.notes.append(f"{', '.join(restarted)} ended although only files were swapped")


async def _authority(run: Run) -> None:
    """Another authority, and certificates by it that end in ten days, which every process tells two weeks ahead."""
    async with run.load(seconds=4.0):
        await run.pause()
        ends = datetime.now(UTC) + timedelta(days=_SOON_DAYS)
        await _certificates(run, days=_SOON_DAYS)
        run.hit()
        await run.system.until_ready()
        for name in _CLIENTS:
            await _tells(run, name, ends)
    await _certificates(run, days=certificates.CERTIFICATE_DAYS)


async def _tells(run: Run, name: str, ends: datetime) -> None:
    """Waits for the note, and compares what the metric says."""
    process = run.system.processes[name]
    try:
        async with asyncio.timeout(_SECONDS):
            while "nats_server ends at" not in (await process.notes()).get("certificates", ""):
                await asyncio.sleep(0.1)
    except TimeoutError:
        run.notes.append(f"{name} does not say that a certificate ends in {_SOON_DAYS} days")
    for certificate in ("nats_ca", "nats_client", "nats_server"):
        told = await process.metric(f'{EXPIRES}{{certificate="{certificate}"}}')
        if abs(told - ends.timestamp()) > 60 and certificate != "nats_ca":
            run.notes.append(f"{name} says that {certificate} ends at {told}, and it does at {ends.timestamp()}")
        if not told:
            run.notes.append(f"{name} does not say when {certificate} ends")


async def _key(run: Run) -> None:
    """A service's key is revoked and another one put in its place."""
    name = ("risk", "router", "ingest", "sequencer")[run.seed // 3 % 4]
    async with run.load():
        await run.pause()
        old = run.system.engines.public_key(name)
        if old not in await _connected(run):
            run.notes.append(f"{name} is not connected by its key")
        await run.system.engines.renew_user(name)
        async with asyncio.timeout(_SECONDS):
            while run.system.engines.public_key(name) not in (keys := await _connected(run)) or old in keys:
                await asyncio.sleep(0.1)
        run.hit()


async def _connected(run: Run) -> set[str]:
    """The public keys by which somebody is connected to NATS."""
    answer = await probe.get(
        "127.0.0.1", urlsplit(run.system.engines.monitor_url).port or 0, "/connz?auth=1&limit=1000"
    )
    connections = msgspec.json.decode(answer[1])["connections"] if answer is not None else []
    return {connection.get("authorized_user", "") for connection in connections}


async def _ended(run: Run) -> None:
    """Certificates that have ended: nobody is ready, all say why, nobody dies; with good ones all goes on."""
    async with run.load(seconds=2.0):
        await run.pause(0.2, 1.0)
        await _certificates(run, days=-1)
        for name in _CLIENTS:
            await _says_why(run, name)
        await _certificates(run, days=certificates.CERTIFICATE_DAYS)


async def _says_why(run: Run, name: str) -> None:
    try:
        async with asyncio.timeout(_SECONDS):
            while "expired" not in (await run.system.processes[name].problems()).get("nats", ""):
                await asyncio.sleep(0.1)
    except TimeoutError:
        run.notes.append(f"{name} does not say that the certificate of NATS has expired")
    else:
        run.hit()


async def _certificates(run: Run, *, days: float) -> None:
    """Swaps every file of TLS; NATS starts anew with them, as its own reload would not end connections."""
    nats = run.system.engines.nats
    run.system.engines.renew_certificates(days)
    await nats.stop()
    await nats.start()
