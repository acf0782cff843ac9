"""The reader asserts the invariants of what is appended: it counts and names what does not hold, and nothing twice."""

import re
import urllib.request
from decimal import Decimal

import msgspec

from tests.integration.reader.bench import Asker, Log, Tables
from tests.processes import Child
from tests.unit.reader.histories import History
from tests.waiting import soon
from tradewire.messages import account_events as a
from tradewire.messages import order_events as o


def told(reader: Child) -> dict[str, float]:
    """What the reader tells of invariants, by what follows the name."""
    with urllib.request.urlopen(f"http://127.0.0.1:{reader.port}/metrics", timeout=5) as answer:
        page = answer.read().decode()
    return {name: float(value) for name, value in re.findall(r"^tradewire_(invariant_\S+) (\S+)$", page, re.MULTILINE)}


async def checked(reader: Child, pos: int) -> dict[str, float]:
    """What it tells once it has looked at a position."""

    async def there() -> bool:
        return told(reader)["invariant_checked_position"] >= pos

    await soon(there)
    return told(reader)


def violations(page: dict[str, float]) -> dict[str, float]:
    return {found[1]: v for n, v in page.items() if v and (found := re.search(r'violations_total\{id="(\w+)"\}', n))}


async def test_what_breaks_an_invariant_is_counted_and_named(
    reader: Child, log: Log, tables: Tables, asker: Asker
) -> None:
    history = History(1, accounts=("paper",))
    history.begin()
    order = history.order("s-1", quantity=Decimal(10))
    order.work()
    order.fill(1, "10", "100")
    pos = await log.write(history)
    await tables.until(pos)
    before = violations(await checked(reader, pos))

    # Long since filled, and told once more; and an order of somebody that is filled in another symbol.
    order.fill(1, "10", "100")
    other = history.order("s-2", quantity=Decimal(10)).work()
    other.fact(o.OrderFilled, symbol="MSFT", side="buy", quantity=Decimal(1), price=Decimal(1), execution="x")
    resumed = a.Resumed(scope="symbol.MSFT", by="anna", reason="", request="q9")
    history.add("control-symbol.MSFT", resumed, "ingest")
    pos = await log.write(history)
    await tables.until(pos)
    after = violations(await checked(reader, pos))

    news = {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}
    assert news.keys() >= {"F1", "F3", "R4"}
    assert (news["F1"], news["F3"], news["R4"]) == (1, 1, 1)
    lines = [msgspec.json.decode(line) for line in reader.output().splitlines() if "an invariant is violated" in line]
    assert {"F1", "F3", "R4"} <= {line["invariant"] for line in lines}
    assert next(line for line in lines if line["invariant"] == "F1")["stream"] == order.stream


async def test_a_reader_that_starts_in_the_middle_of_a_log_finds_nothing_in_what_is_right(
    log: Log, tables: Tables, reader: Child
) -> None:
    """What the folds of a service accept may still be wrong; what a sequencer of ours writes must never be found."""
    history = History(2, accounts=("paper",))
    history.begin()
    opened = [history.order(f"s-{n}", quantity=Decimal(10)) for n in range(5)]
    for order in opened[:3]:
        order.work()
    pos = await log.write(history)
    await tables.until(pos)
    before = await checked(reader, pos)
    opened[0].fill(1, "4", "100")
    opened[0].fill(2, "6", "100")
    opened[3].approve()
    opened[4].deny()
    pos = await log.write(history)
    await tables.until(pos)
    after = await checked(reader, pos)
    assert violations(after) == violations(before)
    assert after['invariant_tests_total{id="F1"}'] == before.get('invariant_tests_total{id="F1"}', 0) + 2
