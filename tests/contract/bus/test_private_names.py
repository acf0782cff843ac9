"""What our client takes from the inside of nats-py is still there: another release of it may change that."""

import ast
import inspect
from pathlib import Path

import pytest
from nats.aio.client import Client
from nats.aio.transport import TcpTransport

from tradewire import nats_client
from tradewire.nats_client import NatsClient

TREE = ast.parse(Path(nats_client.__file__).read_text())
OWN = {"_credentials", "_under_tls"}
METHODS = [name for name in vars(NatsClient) if name.startswith("_") and not name.startswith("__") and name not in OWN]
USED = sorted(
    {
        node.attr
        for node in ast.walk(TREE)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
        if node.attr.startswith("_") and node.attr not in OWN
    }
)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_overridden_is_there_and_takes_the_same(name: str) -> None:
    ours, theirs = getattr(NatsClient, name), getattr(Client, name)
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    assert inspect.iscoroutinefunction(ours) == inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize("name", USED)
def test_what_is_used_is_there(name: str) -> None:
    client = Client()
    assert hasattr(client, name) or f"self.{name} = " in inspect.getsource(Client)


@pytest.mark.parametrize("name", ["_io_writer", "_bare_io_writer"])
def test_a_transport_keeps_its_writers(name: str) -> None:
    assert hasattr(TcpTransport(), name)  # type: ignore[no-untyped-call]
