"""A service as a part: `python -m <module>` with its own environment, ready when its /readyz says so."""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from uuid import uuid4

import msgspec

from tradewire_cli.engines import probe
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.errors import EngineFailed
from tradewire_cli.engines.part import Say

_POLL_SECONDS: Final = 0.05
_QUIET_SECONDS: Final = 3.0


class _Readiness(msgspec.Struct):
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}


class ServiceProcess:
    """One service. `environment` is its whole environment; `host` and `port` are where it answers."""

    def __init__(
        self, name: str, module: str, environment: Mapping[str, str], *, host: str, port: int, log: Path
    ) -> None:
        self.name, self.port = name, port
        self._host = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
        self.http = f"http://{self._host}:{port}"
        self._module, self._environment, self._log = module, environment, log

    async def start(self) -> Child:
        """Starts the service, under a name of its own in the ledger."""
        program = (sys.executable, "-m", self._module)
        instance = f"{self.name}-{uuid4().hex[:8]}"
        environment = {**self._environment, "TRADEWIRE_INSTANCE": instance}
        return await Child.start(self.name, program, log=self._log, environment=environment, instance=instance)

    async def wait_ready(self, child: Child, say: Say) -> None:
        """Waits for a 200 at /readyz, and says what for when that lasts. Raises EngineFailed if the service ends."""
        began = time.monotonic()
        while child.exit_code is None:
            answer = await probe.get(self._host, self.port, "/readyz")
            if answer is not None:
                if answer[0] == 200:
                    return
                if time.monotonic() - began > _QUIET_SECONDS:
                    say(_problems(answer[1]))
            await asyncio.sleep(_POLL_SECONDS)
        raise EngineFailed(f"{self.name} ended with code {child.exit_code}{child.last_words}")

    async def ailment(self, child: Child) -> str:
        """Nothing: a service that cannot go on ends by itself."""
        return ""

    async def notes(self) -> dict[str, str] | None:
        """What it wants people to know although it is ready, by part; None while it does not answer."""
        answer = await probe.get(self._host, self.port, "/readyz")
        try:
            return None if answer is None else msgspec.json.decode(answer[1], type=_Readiness).notes
        except msgspec.DecodeError:
            return None

    async def stop(self, child: Child, limit_seconds: float) -> bool:
        """Lets the service drain."""
        return await child.stop(limit_seconds)


def _problems(body: bytes) -> str:
    try:
        problems = msgspec.json.decode(body, type=_Readiness).problems
    except msgspec.DecodeError:
        return "is not ready"
    return "; ".join(f"{part} {problem}" for part, problem in problems.items()) or "is not ready"
