"""Free ports, chosen by chance and kept from one start to the next, so that clients find what they knew."""

import os
import random
import socket
import sys
from collections import deque
from pathlib import Path

import msgspec

from tradewire.errors import ConfigError
from tradewire_cli.engines.folder import write_atomically

_PORTS = range(20_000, 32_000)
"""Below what systems give to outgoing connections, one of which could hold a port while its server restarts."""
_TRIES = 100
_LAST_PORT = 65_535
_CLAIMS = 256
_claims: deque[int] = deque()
"""Sockets that are bound and never listen: servers may bind there too, and who looks for a free port passes it over."""


def free_port(host: str = "127.0.0.1") -> int:
    """Returns a TCP port that no server has and that on Linux no other process on this machine is given meanwhile."""
    for _ in range(_TRIES):
        if _claim(host, port := random.choice(_PORTS)):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class PortBook:
    """The ports by name, in a file; one that has been taken by somebody else meanwhile is replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, int] = (
            msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}
        )
        self.chosen: dict[str, int] = {}

    def choose(self, name: str, host: str = "127.0.0.1") -> int:
        """Returns the port of `name`: last time's if it is free."""
        port = self._known.get(name, 0)
        while not port or port in self.chosen.values() or not is_free(host, port):
            port = free_port(host)
        self.chosen[name] = port
        return port

    def take(self, name: str, port: int, host: str = "127.0.0.1") -> int:
        """Gives `name` this port. Raises ConfigError if it is taken; `http.port` is where such ports come from."""
        if port > _LAST_PORT or not is_free(host, port):
            problem = "does not exist" if port > _LAST_PORT else "is taken"
            raise ConfigError(
                "http.port",
                f"{name} would answer at {port}, which {problem}; each process takes the next port",
                "Choose the first of as many free ones, or leave it out: then all are chosen, and kept.",
            )
        self.chosen[name] = port
        return port

    def save(self) -> None:
        """Remembers what was chosen, and what was not asked for this time."""
        write_atomically(self._path, msgspec.json.format(msgspec.json.encode(self._known | self.chosen)))


def _claim(host: str, port: int) -> bool:
    claim = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Without SO_REUSEADDR it fails beside any other socket, a claim too.
        claim.bind((host, port))
    except OSError:
        claim.close()
        return False
    if sys.platform == "linux":
        # From now on servers, which set it as well, may bind beside this one; elsewhere they could not.
        claim.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _claims.append(claim.detach())
        if len(_claims) > _CLAIMS:
            os.close(_claims.popleft())
    else:
        claim.close()
    return True


def is_free(host: str, port: int) -> bool:
    """Says whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, or a port that was closed a moment ago would seem taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True
