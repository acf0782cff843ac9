"""Keys and certificates that are swapped on disk: clients and servers go on without a restart."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from tests.integration.up.cluster import HOSTS, Cluster, running_cluster
from tests.waiting import soon
from tradewire.bus import Bus
from tradewire.errors import ConfigError, Unavailable
from tradewire.permissions import SERVICE_USERS
from tradewire.runtime import certificates as expiry
from tradewire.settings import Nats, Postgres, Settings
from tradewire_cli import keys
from tradewire_cli.engines import certificates
from tradewire_cli.engines.nats import reload_users
from tradewire_cli.engines.nats_config import USERS_FILE
from tradewire_cli.engines.render import users


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Cluster]:
    """One node of the production file, which is all that a rotation needs."""
    async with running_cluster(tmp_path, nodes=1) as running:
        yield running


@pytest.fixture
async def bus(node: Cluster) -> AsyncIterator[Bus]:
    made = await Bus.connect(node.settings("risk"), "risk")
    yield made
    await made.close()


async def reload(node: Cluster) -> None:
    """Has the server read its files again."""
    [server] = node.servers
    assert server.child is not None
    await reload_users(server.child.pid, server.monitor)


async def answered(bus: Bus) -> bool:
    """Whether the server takes what the bus says, and answers."""
    return bool(await bus.request("$SYS.REQ.USER.INFO", b""))


async def test_a_new_key_is_used_when_the_server_knows_the_old_one_no_more(node: Cluster, bus: Bus) -> None:
    heard: list[bytes] = []
    await bus.subscribe("log.main", lambda message: heard.append(message.data))
    folder, [server] = node.folder / "keys", node.servers
    (folder / "risk.nk").unlink()
    text = users(folder, "main", (*SERVICE_USERS, "strategy-momo"))
    (server.folder / USERS_FILE).write_text(text)
    before = bus.reconnects
    await reload(node)

    await soon(lambda: _reconnected(bus, before))
    assert not bus.closed.is_set()
    assert await answered(bus)
    sequencer = await Bus.connect(node.settings("sequencer"), "sequencer")
    await sequencer.publish("log.main", b"frame")
    await soon(lambda: _is(heard, [b"frame"]))
    await sequencer.close()


async def test_a_key_that_comes_after_the_servers_list_is_waited_for(node: Cluster, bus: Bus) -> None:
    folder, [server] = node.folder / "keys", node.servers
    old = (folder / "risk.nk").read_bytes()
    new = keys.new_seed()
    (folder / "risk.nk").write_bytes(new)
    text = users(folder, "main", (*SERVICE_USERS, "strategy-momo"))
    (folder / "risk.nk").write_bytes(old)
    (server.folder / USERS_FILE).write_text(text)
    await reload(node)
    await soon(lambda: _refused(bus))
    (folder / "risk.nk").unlink()
    await soon(lambda: _says(bus, "nats.nkey_file"))
    (folder / "risk.nk").write_bytes(new)
    (folder / "risk.nk").chmod(0o600)

    await soon(lambda: answered(bus))
    assert not bus.closed.is_set()


async def test_certificates_of_a_new_authority_are_taken_over_one_by_one(node: Cluster, bus: Bus) -> None:
    old, new = (node.tls / certificates.CA_FILE).read_bytes(), certificates.new_authority()
    (node.tls / certificates.CA_FILE).write_bytes(old + new.cert)  # both sides trust both, before either changes
    await reload(node)
    issued = certificates.issue(new, "nats", HOSTS, days=30)
    (node.tls / certificates.CERT_FILE).write_bytes(issued.cert)
    (node.tls / certificates.KEY_FILE).write_bytes(issued.key)
    await reload(node)
    (node.tls / certificates.CA_FILE).write_bytes(new.cert)
    await reload(node)

    before, first = bus.reconnects, bus.server_certificate_ends
    assert await answered(bus)  # a link that is up stays up
    assert bus.reconnects == before
    await bus.reconnect()
    await soon(lambda: _reconnected(bus, before))
    assert await answered(bus)
    assert bus.server_certificate_ends != first
    (node.folder / "old.crt").write_bytes(old)
    told: list[str] = []
    stays = _with(node.settings("risk"), tls_ca=str(node.folder / "old.crt"))
    connecting = asyncio.create_task(Bus.connect(stays, "risk", told.append))
    try:
        await soon(lambda: _any(told, "certificate verify failed"))
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


async def test_a_certificate_that_has_ended_is_named_until_it_is_renewed(node: Cluster) -> None:
    authority = certificates.new_authority()
    (node.tls / certificates.CA_FILE).write_bytes(authority.cert)
    certificates.issue(authority, "nats", HOSTS, days=-1).write(node.tls)
    [server] = node.servers
    await server.stop()
    await server.start()
    await soon(node.agreed)
    told: list[str] = []
    connecting = asyncio.create_task(Bus.connect(node.settings("risk"), "risk", told.append))
    try:
        await soon(lambda: _any(told, "certificate has expired"))
        certificates.issue(authority, "nats", HOSTS).write(node.tls)
        await reload(node)
        bus = await asyncio.wait_for(connecting, 60)
        assert await answered(bus)
        await bus.close()
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)


async def test_a_server_that_offers_no_tls_is_refused(tmp_path: Path) -> None:
    greeting = b'INFO {"server_id": "x", "version": "2.15.1", "max_payload": 1048576}\r\n'
    spoken: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        spoken.append(await reader.read(100))
        writer.close()

    authority = certificates.new_authority()
    (tmp_path / "ca.crt").write_bytes(authority.cert)
    told: list[str] = []
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        url = f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = Nats(url=url, tls_ca=str(tmp_path / "ca.crt"))
        connecting = asyncio.create_task(Bus.connect(settings, "risk", told.append))
        try:
            await soon(lambda: _any(told, "the server offers no TLS, and nats.url or nats.tls_ca asks for it"))
        finally:
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
    assert set(spoken) == {b""}


async def test_attempts_that_fail_under_tls_leave_nothing_open(tmp_path: Path) -> None:
    """A server that falls silent says no farewell either: the socket of an attempt is closed from here alone."""
    certificates.issue(certificates.new_authority(), "nats", HOSTS).write(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / certificates.CERT_FILE, tmp_path / certificates.KEY_FILE)
    greeting = b'INFO {"server_id": "x", "version": "2.15.1", "max_payload": 1048576, "tls_required": true}\r\n'
    links: list[ssl.SSLSocket] = []

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                raw, _ = listener.accept()
                raw.sendall(greeting)
                links.append(context.wrap_socket(raw, server_side=True))
                if len(links) == 1:  # the others are neither read nor written to, nor closed
                    links[0].recv(4096)
                    links[0].sendall(b"PONG\r\n")

    with warnings.catch_warnings(record=True) as warned, socket.create_server(("127.0.0.1", 0)) as listener:
        warnings.simplefilter("always", ResourceWarning)
        serving = asyncio.create_task(asyncio.to_thread(serve, listener))
        url = f"tls://127.0.0.1:{listener.getsockname()[1]}"
        bus = await Bus.connect(Nats(url=url, tls_ca=str(tmp_path / certificates.CA_FILE)), "risk")
        try:
            links[0].close()
            await soon(lambda: _several(links))
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            await serving
            for link in links:
                link.close()
            await bus.close()
        assert [str(each.message) for each in warned if "StreamWriter" in str(each.message)] == []


async def _several(links: list[ssl.SSLSocket]) -> bool:
    return len(links) >= 4  # one attempt after the other was given up


WRONG = [
    ("tls_ca", None, "nats.tls_ca: {file}: No such file or directory"),
    ("tls_ca", b"nothing", "nats.tls_ca: {file} holds no certificate"),
    ("tls_cert", None, "nats.tls_cert: {file}: No such file or directory"),
    ("tls_cert", b"nothing", "nats.tls_cert: {file} and nats.tls_key do not make a certificate"),
    ("tls_key", None, "nats.tls_key: {file}: No such file or directory"),
    ("nkey_file", b"SUNOTHING", "nats.nkey_file: {file} holds no nkey seed"),
    ("nkey_file", b"", "nats.nkey_file: {file} is empty"),
]


@pytest.mark.parametrize(("key", "content", "says"), WRONG)
async def test_a_file_that_is_missing_or_wrong_is_named(
    tmp_path: Path, key: str, content: bytes | None, says: str
) -> None:
    certificates.issue(certificates.new_authority(), "risk").write(tmp_path)
    (tmp_path / "risk.nk").write_bytes(keys.new_seed())
    (tmp_path / "risk.nk").chmod(0o600)
    good = {"tls_ca": "ca.crt", "tls_cert": "tls.crt", "tls_key": "tls.key", "nkey_file": "risk.nk"}
    file = tmp_path / good[key]
    file.unlink()
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(ConfigError) as raised:
        await Bus.connect(Nats(**{name: str(tmp_path / at) for name, at in good.items()}), "risk")  # type: ignore[arg-type]
    assert str(raised.value).startswith(says.format(file=file))


def value(registry: CollectorRegistry, name: str) -> float | None:
    return registry.get_sample_value("tradewire_certificate_expiry_timestamp_seconds", {"certificate": name})


def test_when_certificates_end_is_a_metric_and_a_note_in_the_last_two_weeks(tmp_path: Path) -> None:
    authority = certificates.new_authority()
    certificates.issue(authority, "risk", days=90).write(tmp_path)
    settings = Settings(
        nats=Nats(
            tls_ca=str(tmp_path / "ca.crt"), tls_cert=str(tmp_path / "tls.crt"), tls_key=str(tmp_path / "tls.key")
        ),
        postgres=Postgres(dsn=f"postgresql://db/tradewire?sslmode=verify-full&sslrootcert={tmp_path / 'ca.crt'}"),
    )
    registry = CollectorRegistry()
    watch = expiry.Expiry(registry)
    assert watch.look(settings, "") == ""
    now = datetime.now(UTC)
    found = value(registry, "nats_client")
    assert found is not None
    assert abs(found - (now + timedelta(days=90)).timestamp()) < 60
    assert value(registry, "nats_ca") == value(registry, "postgres_ca") != found
    assert value(registry, "nats_server") is None

    certificates.issue(authority, "risk", days=13).write(tmp_path)
    soon_ends = f"{now + timedelta(days=13):%Y-%m-%d}"
    assert watch.look(settings, "Nov 22 07:22:03 2027 GMT").startswith(f"nats_client ends at {soon_ends}")
    assert value(registry, "nats_server") == datetime(2027, 11, 22, 7, 22, 3, tzinfo=UTC).timestamp()

    certificates.issue(authority, "risk", days=-1).write(tmp_path)
    assert watch.look(settings, "").startswith("nats_client ended at ")
    (tmp_path / "tls.crt").unlink()
    assert watch.look(settings, "") == ""
    assert value(registry, "nats_client") is value(registry, "nats_server") is None


def _with(settings: Nats, **changes: str) -> Nats:
    return Nats(**{**{name: getattr(settings, name) for name in settings.__struct_fields__}, **changes})


async def _reconnected(bus: Bus, before: int) -> bool:
    return bus.reconnects > before


async def _refused(bus: Bus) -> bool:
    return await _says(bus, "authorization violation")


async def _says(bus: Bus, text: str) -> bool:
    return text in bus.last_error.lower()


async def _is(found: list[bytes], wanted: list[bytes]) -> bool:
    return found == wanted


async def _any(told: list[str], text: str) -> bool:
    return any(text in line for line in told)


async def test_a_refused_subject_is_told_and_its_request_runs_out(bus: Bus) -> None:
    assert not bus.denied.is_set()
    with pytest.raises(Unavailable, match="no answer"):
        await bus.request("ledger.main.append.router", b"", timeout=1)
    assert bus.denied.is_set()
    assert "permissions violation for publish to" in bus.last_error.lower()
    assert bus.connected


async def test_a_link_that_is_frozen_while_files_change_comes_back(node: Cluster, bus: Bus) -> None:
    [server] = node.servers
    assert server.child is not None
    before = bus.reconnects
    os.kill(server.child.pid, signal.SIGSTOP)
    try:
        certificates.issue(certificates.new_authority(), "nats", HOSTS).write(node.tls)
        await soon(lambda: _lost(bus))
    finally:
        os.kill(server.child.pid, signal.SIGCONT)
    await reload(node)
    await soon(lambda: _reconnected(bus, before))
    assert await answered(bus)


async def _lost(bus: Bus) -> bool:
    return not bus.connected
