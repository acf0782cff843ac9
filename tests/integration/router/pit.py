"""Where a router is tried: the world around it, an account for each test, and the judges that have the last word."""

import asyncio
import sys
from pathlib import Path

from tests.contract.brokers.bench import unforgiven
from tests.integration.router.account import Account
from tests.integration.router.world import ACCOUNTS, World
from tests.waiting import soon
from tradewire.settings import Postgres, Settings
from tradewire_cli.engines.testing import Engines
from tradewire_ledger.check import check
from tradewire_router.paper.judge import judge


class Pit(World):
    """A running ledger and paper broker. Every test trades an account of its own, from `ACCOUNTS`."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        super().__init__(engines, folder)
        self.forgiven: list[str] = []
        """Parts of the journal's violations that a test causes on purpose: each has to be found, and no other."""
        self._accounts = iter(ACCOUNTS)

    def account(self) -> Account:
        """An account that nobody has traded yet."""
        return Account(self, next(self._accounts))

    async def assert_clean(self) -> None:
        """Runs the audit over the whole log, which must find nothing in flight, and judges the broker's journal."""
        settings = Settings(postgres=Postgres(reader_dsn=self.engines.dsn("tradewire_reader")))

        async def followed() -> bool:
            (row,) = await self.fetch("select h.pos = c.pos as followed from ledger.head h, read.checkpoint c")
            return bool(row["followed"])

        await soon(followed)
        verdict = await check(settings, settled=True, quick=True, progress=lambda *_: None)
        assert verdict.violations == [], verdict.violations
        broken = unforgiven(judge(self.journal)["violations"], self.forgiven)
        assert broken == [], broken

    async def check_as_a_process(self) -> str:
        """`python -m tradewire_ledger check --settled`, which must be clean."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tradewire_ledger", "check", "--settled",
            env={"TRADEWIRE_POSTGRES_READER_DSN": self.engines.dsn("tradewire_reader")},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()
