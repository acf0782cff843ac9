"""NATS kept running by the supervisor of `tradewire up`, in a process of its own, over a small disk.

The process is this module: `python -m tests.chaos.kept_nats FOLDER PORT MONITOR_PORT`.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import psutil
from rich.console import Console

from tests.chaos.small_disk import tmpfs
from tradewire_cli.engines import probe
from tradewire_cli.engines.child import Child
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.engines.logs import RotatedLog
from tradewire_cli.engines.nats import NatsServer
from tradewire_cli.engines.testing import Engine, Engines
from tradewire_cli.up.board import Board
from tradewire_cli.up.supervisor import Supervisor

MODULE = "tests.chaos.kept_nats"
MEGABYTES = 96
"""For twenty seeds; what a run fills is left of it."""
_ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.05


class KeptNats(Engine):
    """The engine, where it is not a test that starts it again."""

    def __init__(self, server: NatsServer, folder: Path, planted: str) -> None:
        super().__init__(server)
        self._nats, self._folder, self._planted = server, folder, planted
        self._keeper: Child | None = None

    @property
    def pid(self) -> int:
        """The process id of nats-server, whichever it is now."""
        assert self._keeper is not None
        [server] = [each for each in psutil.Process(self._keeper.pid).children() if each.name().startswith("nats")]
        return int(server.pid)

    @property
    def starts(self) -> int:
        """How often nats-server was started."""
        return (self._folder / "logs" / "nats.log").read_text().count("Starting nats-server")

    async def start(self) -> None:
        """Starts the supervisor and waits until NATS serves."""
        plant = ("tests.chaos.planted", self._planted) if self._planted else ()
        arguments = (str(self._folder), str(self._nats.port), str(self._nats.monitor_port))
        program = (sys.executable, "-m", *plant, MODULE, *arguments)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        log = self._folder / "logs" / "supervisor.log"
        self._keeper = await Child.start("supervisor", program, log=log, environment=environment)
        while (answer := await probe.get("127.0.0.1", self._nats.monitor_port, "/healthz")) is None or answer[0] != 200:
            assert self._keeper.exit_code is None, self._keeper.last_words
            await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """Ends the supervisor, and NATS with it."""
        if self._keeper is not None:
            await self._keeper.stop(_STOP_SECONDS)
            self._keeper = None


@asynccontextmanager
async def small_nats(folder: Path, engines: Engines, *, wanted: bool, planted: str = "") -> AsyncIterator[None]:
    """Puts JetStream's store on a tmpfs and NATS under the supervisor; nothing unless `wanted`."""
    server = engines.nats.server
    if not wanted or not isinstance(server, NatsServer):
        yield
        return
    await engines.nats.stop()
    store = folder / "nats" / "store"
    store.mkdir(exist_ok=True)
    with tmpfs(store, MEGABYTES):
        engines.nats = kept = KeptNats(server, folder, planted)
        try:
            await kept.start()
            yield
        finally:
            await kept.stop()


async def keep(folder: DataFolder, port: int, monitor_port: int) -> None:
    """Supervises a nats-server until SIGTERM."""
    log = RotatedLog(folder.logs / "up.log")
    supervisor = Supervisor(Board(Console(), log), None, lambda: None)
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(SIGTERM, asked.set)
    supervisor.launch(NatsServer(folder, host="127.0.0.1", port=port, monitor_port=monitor_port))
    await asked.wait()
    await supervisor.drain("nats", _STOP_SECONDS)
    await log.close()


def main() -> None:
    """The process."""
    folder, port, monitor_port = sys.argv[-3:]
    asyncio.run(keep(DataFolder.at(Path(folder)), int(port), int(monitor_port)))


if __name__ == "__main__":
    main()
