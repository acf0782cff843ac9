"""The table of rows. Numbers are those of the fault matrix in docs/how-to/run-the-fault-matrix.md."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from tests.chaos.rows import ingest, ledger, services
from tests.chaos.run import Run
from tests.chaos.system import Shape


class Row(Struct, frozen=True):
    """One fault: its name, what happens, and the function that makes it happen. `seconds` is about how long one takes."""

    name: str
    title: str
    inject: Callable[[Run], Awaitable[None]]
    seconds: float = 10.0
    shape: Shape = Shape()


ROWS: tuple[Row, ...] = (
    Row("1", "ingest or a publisher dies around append and ack", ingest.dies),
    Row("2", "risk dies around its decision", services.risk_dies),
    Row("3", "the router dies before the send", services.router_dies_before_the_send),
    Row("4", "the router dies after the send", services.router_dies_after_the_send),
    Row("5", "the ledger dies around its commit", ledger.sequencer_dies),
    Row("two", "two ledgers at once", ledger.two_at_once),
)

BY_NAME = {row.name: row for row in ROWS}
