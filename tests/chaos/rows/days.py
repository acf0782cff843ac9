"""The hours at which days go wrong: the account's day rolls, clocks change, an exchange closes early."""

import asyncio
from bisect import bisect_right
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from tests.chaos.load import probes
from tests.chaos.run import Run
from tests.chaos.system import ALL
from tests.chaos.told import DECISIONS, Told, judge_days, last_pos, told
from tradewire.domain.account_book import AccountBook, book_day_loss, book_equity
from tradewire.domain.books import Books, concerns_books, fold_book
from tradewire.domain.exact import ZERO, subtract
from tradewire.messages.registry import decode_for_state

ZONE = "America/New_York"
_NEW_YORK = ZoneInfo(ZONE)
_FIRST_YEAR = 2027
_LEAD_SECONDS = 45
"""How long before the moment the system starts."""
_LIMIT_SECONDS = 30.0
_POLL_SECONDS = 0.1
_ACCOUNT = "paper"
_MICRO = 1_000_000


class Moment(Struct, frozen=True):
    """A time at which something may go wrong, in µs; how the settings let days roll; what is expected.

    `rolls`: the account's day rolls then. `closes`: stocks' exchanges close then.
    """

    at: int
    rolls_at: str = "00:00"
    rolls: bool = True
    closes: bool = False


def moment_of(seed: int) -> Moment:
    """The moment of a seed; those of later seeds are later, so that a system can go from one to the next."""
    year, which = _FIRST_YEAR + seed // 5, seed % 5
    spring, autumn = _sunday(year, 3, 2), _sunday(year, 11, 1)
    half_day = datetime(year, 11, 1, 13, tzinfo=_NEW_YORK) + timedelta(days=_thanksgiving(year))
    return (
        # The clocks skip the roll, which then falls on the instant of the skip.
        Moment(_micros(spring.replace(hour=3)), "02:30"),
        Moment(_micros(spring + timedelta(days=1))),
        # The roll comes twice, and counts the first time.
        Moment(_micros(autumn.replace(hour=1, minute=30)), "01:30"),
        Moment(_micros(autumn.replace(hour=1, minute=30, fold=1)), "01:30", rolls=False),
        Moment(_micros(half_day), rolls=False, closes=True),
    )[which]


def _sunday(year: int, month: int, number: int) -> datetime:
    first = datetime(year, month, 1, tzinfo=_NEW_YORK)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


def _thanksgiving(year: int) -> int:
    """How many days after the first of November the Friday after its fourth Thursday is."""
    return (3 - datetime(year, 11, 1, tzinfo=_NEW_YORK).weekday()) % 7 + 21 + 1


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * _MICRO


async def day_passes(run: Run) -> None:
    """A moment at which the day rolls, or must not, or at which the exchange closes early, passes during the load.

    The whole system is started by clocks that are about to reach it. Every other time risk is killed around it.
    """
    moment, system = moment_of(run.seed), run.system
    before = await last_pos(system)
    loaded = _calendars_loaded(run)
    await _start_before(run, moment)
    async with run.load(seconds=6.0):
        await asyncio.sleep(1.0)
        if moment.closes:
            await _until_loaded(run, loaded)
        await run.extra(probes(f"{run.prefix}-before"))
        await asyncio.sleep(0.2)
        _set_clocks(run, moment.at - int(run.random.uniform(1.0, 2.0) * _MICRO))
        if (run.seed + run.seed // 5) % 2 == 0:
            await _reach(run, moment.at + int(run.random.uniform(-0.3, 0.3) * _MICRO))
            await system.processes["risk"].kill()
        await _reach(run, moment.at + _MICRO)
        await run.extra(probes(f"{run.prefix}-after"))
    log = await told(system, *DECISIONS, "MarksRecorded", after=before)
    decisions = [each for each in log if each.type in DECISIONS]
    run.hit(any(each.time < moment.at for each in decisions) and any(each.time >= moment.at for each in decisions))
    _judge_roll(run, moment, [each for each in log if each.data.get("reason") == "day"], decisions)
    if moment.closes:
        _judge_close(run, moment, decisions)
    await judge_days(run)
    await _judge_losses(run)


async def _start_before(run: Run, moment: Moment) -> None:
    """Ends all processes, and starts them some time before the moment, as those of a machine that was switched off."""
    system = run.system
    for name in reversed(ALL):
        await system.processes[name].leave()
    hours = "regular" if moment.closes else "always"
    changes = {"accounts.paper.day_rolls_at": moment.rolls_at, "market_hours": hours}
    system.config.write_text(system.settings_text(**changes))
    _set_clocks(run, moment.at - _LEAD_SECONDS * _MICRO)
    for name in ALL:
        system.launch(name)
    await system.until_ready()


def _set_clocks(run: Run, at: int) -> None:
    """Sets every clock to a time (µs) that is still to come; one that has passed is left as it is."""
    world = run.system.world
    ahead = world.ahead + max(at - world.now(), 0)
    for clock in (world, *run.system.clocks.values()):
        clock.ahead = ahead


async def _reach(run: Run, at: int) -> None:
    await asyncio.sleep(max(at - run.system.world.now(), 0) / _MICRO)


def _calendars_loaded(run: Run) -> int:
    return run.system.processes["risk"].log.read_text().count("calendar loaded")


async def _until_loaded(run: Run, before: int) -> None:
    """Waits until risk has the exchange's sessions, which it loads when the first orders name one."""
    async with asyncio.timeout(_LIMIT_SECONDS):
        while _calendars_loaded(run) == before:
            await asyncio.sleep(_POLL_SECONDS)


def _judge_roll(run: Run, moment: Moment, begun: list[Told], decisions: list[Told]) -> None:
    """The day begins at the moment, before anything is decided in it; or no day does."""
    late = [each for each in begun if each.time >= moment.at]
    if not moment.rolls:
        run.notes += [f"{each.data['day']} began when no day does" for each in late]
        return
    day = datetime.fromtimestamp(moment.at / _MICRO, _NEW_YORK).date().isoformat()
    if [each.data["day"] for each in begun if each.data["day"] >= day] != [day] or not late:
        run.notes.append(f"{day} did not begin once: {[(each.data['day'], each.time - moment.at) for each in begun]}")
        return
    if not any(Decimal(_loss(each) or 0) for each in decisions if each.pos < late[0].pos):
        run.notes.append("nothing was lost before the roll, so that nothing had to be reset")
    for decision in decisions:
        if (decision.time >= moment.at) != (decision.pos > late[0].pos):
            away = (decision.time - moment.at) / _MICRO
            run.notes.append(
                f"the order of position {decision.pos} was decided {away:+.1f} s from the roll, in the wrong day"
            )


def _judge_close(run: Run, moment: Moment, decisions: list[Told]) -> None:
    """Before the early close orders are approved, and after it none but exits."""
    if not any(each.type == "OrderApproved" and each.time < moment.at for each in decisions):
        run.notes.append("nothing was approved before the early close")
    after = [each for each in decisions if each.time >= moment.at]
    if not any(each.data.get("reason") == "MARKET_CLOSED" for each in after):
        run.notes.append("nothing was denied for the early close")
    for each in after:
        if each.type == "OrderApproved" and not each.data.get("reduce_only"):
            run.notes.append(f"position {each.pos} approves {(each.time - moment.at) / _MICRO:.1f} s after the close")


async def _judge_losses(run: Run) -> None:
    """Every decision measured the loss of its day as the log tells it; a day begins with what the one before left."""
    books: Books = {}
    positions, losses = [0], [ZERO]
    for each in await told(run.system):
        if each.type in DECISIONS:
            at = bisect_right(positions, each.data["state_pos"]) - 1
            measured = _loss(each)
            if measured is None or Decimal(measured) != losses[at]:
                run.notes.append(f"position {each.pos} measures a loss of {measured}, and it was {losses[at]}")
        elif concerns_books(each.type):
            before = books.get(_ACCOUNT)
            fold_book(books, each.event, decode_for_state(each.event))
            book = books[_ACCOUNT]
            if before is not None and book.day > before.day:
                run.notes += _wrong_begin(before, book)
            positions.append(each.pos)
            losses.append(book_day_loss(book))


def _loss(decision: Told) -> str | None:
    """The day's loss that a decision measured."""
    values: dict[str, str | None] = {name: value for name, value, *_ in decision.data["checks"]}
    return values["loss"]


def _wrong_begin(before: AccountBook, book: AccountBook) -> list[str]:
    """The first loss of a day is what the new marks bring, and nothing of the day before."""
    fallen = max(subtract(book_equity(before), book_equity(book)), ZERO)
    if book_day_loss(book) == fallen:
        return []
    return [f"{book.day} began with a loss of {book_day_loss(book)}, and its first marks brought {fallen}"]
