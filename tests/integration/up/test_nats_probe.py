"""The supervisor's question to NATS, against a real server: does it keep what it is given?

A file that may not grow (RLIMIT_FSIZE) is to the server what a full disk is, and takes no mount.
"""

import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tradewire.bus import Bus
from tradewire.errors import Unavailable
from tradewire.settings import Nats
from tradewire_cli.engines import certificates, nats_probe
from tradewire_cli.engines.testing import Engines, running_engines
from tradewire_cli.engines.verdict import WELL, Verdict

_STREAM = {"name": "SIGNALS", "subjects": ["signals.*"], "storage": "file", "discard": "new"}


def as_admin(engines: Engines) -> Nats:
    return Nats(url=engines.nats_url, nkey_file=str(engines.nkey_file("admin")), user="admin")


def monitor_port(engines: Engines) -> int:
    return int(engines.monitor_url.rpartition(":")[2])


async def asked(engines: Engines) -> Verdict:
    return await nats_probe.look(as_admin(engines), monitor_port(engines))


async def test_a_server_that_keeps_what_it_is_given_has_no_problem(tmp_path: Path) -> None:
    async with running_engines(tmp_path, postgres=False) as engines:
        assert await asked(engines) == WELL
        bus = await Bus.connect(as_admin(engines), "admin")
        for _ in range(2):
            await asked(engines)
        stored = await bus.api(f"STREAM.INFO.{nats_probe.STREAM}")
        assert (stored["state"]["last_seq"], stored["state"]["messages"]) == (3, 1)
        await bus.close()


async def until_silent(bus: Bus) -> int:
    """Publishes until nothing is acknowledged any more, and returns how much was."""
    for taken in range(100):
        try:
            await bus.request("signals.momo", b"x" * 1_000)
        except Unavailable:
            return taken
    raise AssertionError("everything was acknowledged")


async def test_a_write_that_failed_is_found_lasts_and_is_mended_by_another_start(tmp_path: Path) -> None:
    async with running_engines(tmp_path, postgres=False) as engines:
        bus = await Bus.connect(as_admin(engines), "admin")
        await bus.api("STREAM.CREATE.SIGNALS", _STREAM)
        resource.prlimit(engines.nats.pid, resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))
        taken = await until_silent(bus)
        resource.prlimit(engines.nats.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        found = await asked(engines)
        assert "is not healthy: JetStream stream" in found.problem
        assert found.restart
        with pytest.raises(Unavailable, match="no answer"):
            await bus.request("signals.momo", b"again")
        await bus.close()
        await engines.nats.stop()
        await engines.nats.start()
        assert await asked(engines) == WELL
        bus = await Bus.connect(as_admin(engines), "admin")
        assert (await bus.api("STREAM.INFO.SIGNALS"))["state"]["messages"] >= taken
        await bus.request("signals.momo", b"again")
        await bus.close()


async def test_a_server_that_is_gone_or_frozen_is_ill(tmp_path: Path) -> None:
    async with running_engines(tmp_path, postgres=False) as engines:
        os.kill(engines.nats.pid, signal.SIGSTOP)
        try:
            assert await asked(engines) == Verdict("does not answer at its monitor", restart=True)
        finally:
            os.kill(engines.nats.pid, signal.SIGCONT)
        await engines.nats.stop()
        assert await asked(engines) == Verdict("does not answer at its monitor", restart=True)


async def test_whoever_is_not_connected_says_nothing_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nats_probe, "PUBLISH_SECONDS", 0.5)
    async with running_engines(tmp_path, postgres=False) as engines:

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(-1)
            writer.close()

        door = await asyncio.start_server(silent, "127.0.0.1", 0)
        nobody = f"nats://127.0.0.1:{door.sockets[0].getsockname()[1]}"
        settings = Nats(url=nobody, nkey_file=str(engines.nkey_file("admin")), user="admin")
        found = await nats_probe.look(settings, monitor_port(engines))
        assert found == Verdict("does not acknowledge a publish within 0.5 s", restart=False)
        door.close()


async def test_a_server_that_will_have_no_more_streams_is_not_ill(tmp_path: Path) -> None:
    """Its storage is promised to others; another start would change nothing."""
    async with running_engines(tmp_path, postgres=False) as engines:
        bus = await Bus.connect(as_admin(engines), "admin")
        await bus.api("STREAM.CREATE.SIGNALS", {**_STREAM, "max_bytes": 20 * 1000**3})
        assert await asked(engines) == WELL
        await bus.close()


async def test_the_user_probe_may_ask_at_its_own_place_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_probe, "PUBLISH_SECONDS", 1.0)
    times: list[str] = []

    @contextmanager
    def timed() -> Iterator[None]:
        yield
        times.append("stored")

    async with running_engines(tmp_path, postgres=False) as engines:
        settings, port = engines.nats_settings("probe"), monitor_port(engines)
        own = nats_probe.Place("PROBE_2", "probe.2")
        assert [await nats_probe.look(settings, port, own, timed) for _ in range(2)] == [WELL, WELL]
        assert times == ["stored"] * 2
        bus = await Bus.connect(as_admin(engines), "admin")
        stored = await bus.api("STREAM.INFO.PROBE_2")
        assert (stored["state"]["last_seq"], stored["state"]["messages"]) == (2, 1)
        await bus.close()
        other = nats_probe.Place("LOG_main", "log.main")
        found = await nats_probe.look(settings, port, other, timed)
        assert found == Verdict("does not acknowledge a publish within 1 s", restart=True)
        assert times == ["stored"] * 2


async def test_why_it_could_not_connect_is_in_what_is_said(tmp_path: Path) -> None:
    async with running_engines(tmp_path, postgres=False, tls=True) as engines:
        (tmp_path / "other.crt").write_bytes(certificates.new_authority().cert)
        settings = replace(engines.nats_settings("probe"), tls_ca=str(tmp_path / "other.crt"))
        found = await nats_probe.look(settings, monitor_port(engines))
        assert found.problem.startswith("does not acknowledge a publish within 5 s: no NATS server answers at tls://")
        assert "certificate verify failed" in found.problem
        assert not found.restart
