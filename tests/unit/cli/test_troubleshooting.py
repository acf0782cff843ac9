"""The page about what may be wrong has each cause and each cure of the doctor, in the doctor's own words."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from tests.unit.cli.builders import order
from tests.unit.router.test_doctor import ACCOUNT, INSTRUMENT, SECOND, WELL
from tradewire.domain.breaks import Breaks, Standing
from tradewire.domain.orders import Status
from tradewire.errors import ConfigError
from tradewire.messages import account_events as a
from tradewire.messages.vocabulary import Discrepancy
from tradewire_cli.doctor import system
from tradewire_cli.views.status import System
from tradewire_router.brokers import errors as e
from tradewire_router.brokers.values import Hours
from tradewire_router.doctor.examine import Examined, Told
from tradewire_router.doctor.row import Row, ok
from tradewire_router.doctor.rows import meaning, rows_of

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "troubleshooting.md"
FIX = "mend the key that the row names"


def answers() -> Iterator[Examined]:
    yield Examined("some", "AAPL", refused=ConfigError("accounts.a.key", "is missing", FIX))
    yield replace(WELL, account=replace(ACCOUNT, status="restricted"))
    for seconds in (3, 9):
        yield replace(WELL, clock=Told(seconds * SECOND, 0, 0))
    yield replace(WELL, quote=None)
    for told in (e.UnknownSymbolError("no"), replace(INSTRUMENT, halted=True)):
        yield replace(WELL, instrument=told)
    yield replace(WELL, hours=Hours(open=False))


def rows() -> Iterator[Row]:
    """One row of each kind that the doctor knows and in which something is not right."""
    for found in answers():
        yield from rows_of(found)
    kinds: tuple[type[e.BrokerError], ...] = (e.BrokerError, *e._BY_CODE.values())
    for kind in kinds:
        yield meaning(kind("words"))
    yield system.dry_run("p", ok("settings", "some starts with them"))
    yield system.NOT_RUNNING
    yield system.system(System((), problem="the reader does not answer"))
    breaks = Breaks()
    found_ = (Discrepancy("cash", "USD", "1", "2"),)
    breaks.fold("ReconciliationBroken", 1, a.ReconciliationBroken(account="p", broker="b", differences=found_, epoch=1))
    yield system.reconciled(breaks.of("p"))
    yield system.reconciled(Standing())
    yield system.unknown([order(status=Status.UNKNOWN, quantity=Decimal(1))])


def test_the_page_names_each_cause_and_its_cure_and_no_other() -> None:
    told = {(row.check, row.cause, row.cure) for row in rows() if row.cause}
    lines = PAGE.read_text().partition("## Causes and cures")[2].partition("\n## ")[0].splitlines()
    named = {
        tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in lines if line.startswith("| `")
    }
    assert named == {(f"`{check}`", cause, cure) for check, cause, cure in told}
