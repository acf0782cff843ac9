"""A real process under TLS, on the loop of production: its certificates are renewed, by another authority at last."""

import asyncio
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.processes import Child, child
from tests.waiting import soon
from tradewire.runtime.certificates import ends_at
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines import certificates
from tradewire_cli.engines.testing import Engines, reachable_folder, running_engines
from tradewire_ledger.migrate import migrate

HOSTS = ("localhost", "127.0.0.1")


@pytest.fixture
def folder() -> Iterator[Path]:
    with reachable_folder() as made:
        yield made


@pytest.fixture
async def engines(folder: Path) -> AsyncIterator[Engines]:
    async with running_engines(folder, tls=True) as running:
        migrate(Settings(postgres=Postgres(admin_dsn=running.dsn("tradewire_admin"))))
        yield running


def ends(process: Child) -> dict[str, float]:
    """When each certificate ends, as the process tells."""
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/metrics", timeout=2) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    name = "tradewire_certificate_expiry_timestamp_seconds"
    return {sample.labels["certificate"]: sample.value for f in families if f.name == name for sample in f.samples}


async def test_a_process_goes_on_under_certificates_of_a_new_authority(engines: Engines, folder: Path) -> None:
    assert engines.tls is not None
    ca, cert, key = (engines.tls / file for file in ("ca.crt", "tls.crt", "tls.key"))
    async with child("tradewire_ledger.sequencer", engines, "sequencer", folder) as process:
        await process.until_ready()
        first, end = await asyncio.to_thread(ends, process), ends_at(cert)
        assert end is not None
        assert first["nats_client"] == first["nats_server"] == end.timestamp()

        authority = certificates.new_authority()
        ca.write_bytes(ca.read_bytes() + authority.cert)
        await engines.reload_nats()
        issued = certificates.issue(authority, "nats", HOSTS, days=30)
        cert.write_bytes(issued.cert)
        key.write_bytes(issued.key)
        await engines.reload_nats()
        ca.write_bytes(authority.cert)
        await engines.reload_nats()
        await engines.nats.kill()
        await soon(lambda: asyncio.to_thread(lambda: not process.ready()))
        await engines.nats.start()
        await process.until_ready(60)

        renewed = ends_at(cert)
        assert renewed is not None
        assert renewed.timestamp() != first["nats_client"]
        assert process.alive
        again = {"nats_client": renewed.timestamp(), "nats_server": renewed.timestamp()}
        await soon(lambda: asyncio.to_thread(lambda: again.items() <= ends(process).items()), 90)
        assert await process.stop() == 0
        assert "Traceback" not in process.output()
