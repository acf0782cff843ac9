"""Faults of clocks: one process's wall clock jumps by ten minutes, and later back."""

import asyncio
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from tests.chaos.load import probes, time_text
from tests.chaos.run import Run
from tests.chaos.told import DECISIONS, Told, judge_days, last_pos, requested, told

TEN_MINUTES = 600_000_000
_NEAR_SECONDS = 2
_QUOTED_SECONDS = 0.5
"""Time enough for new quotes of all symbols."""


class Jump(Struct, frozen=True):
    """Whose clock is how far (µs) ahead. `anew`: the process is started by the wrong clock and sees no jump."""

    process: Literal["risk", "sequencer"]
    ahead: int
    anew: bool = False

    @property
    def denies(self) -> str:
        """Why risk then denies orders of now; the ledger's clock decides nothing."""
        if self.process != "risk":
            return ""
        return "SIGNAL_STALE" if self.ahead > 0 else "SIGNAL_FROM_FUTURE"


_JUMPS = (
    Jump("risk", TEN_MINUTES),
    Jump("sequencer", TEN_MINUTES),
    Jump("risk", -TEN_MINUTES),
    Jump("sequencer", -TEN_MINUTES),
    Jump("risk", -TEN_MINUTES, anew=True),
)


async def clock_jumps(run: Run) -> None:
    """The clock of risk or of the ledger is wrong for some seconds: risk denies what is not of its time, leases hold,
    the ledger's jump is in the log, nothing stale is sent, and no day rolls twice.

    A process's time never goes back, so one that was ahead is started anew once its clock is right.
    """
    jump, system = _JUMPS[run.seed % len(_JUMPS)], run.system
    clock, process = system.clocks[jump.process], system.processes[jump.process]
    async with run.load(seconds=6.0):
        await run.pause(0.5, 1.0)
        began = await last_pos(system)
        clock.ahead = jump.ahead
        if jump.anew:
            await process.restart()
            await system.until_ready()
        await run.extra(probes(f"{run.prefix}-old", price="100", timestamp=time_text(system.world.now() - TEN_MINUTES)))
        await asyncio.sleep(3)
        ended = await last_pos(system)
        clock.ahead = 0
        await asyncio.sleep(_QUOTED_SECONDS)
        await run.extra(probes(f"{run.prefix}-new"))
    asked = await requested(run)
    names = {order: each.data["signal_id"] for order, each in asked.items()}
    log = await told(system, after=began)
    during = [each for each in log if each.pos <= ended]
    if jump.process == "risk":
        _judge_risk(run, jump, [each for each in during if each.type in DECISIONS], asked)
    else:
        _judge_ledger(run, jump, log, during)
    if granted := [each.data["name"] for each in during if each.type == "LeaseGranted" and not jump.anew]:
        run.notes.append(f"a wrong clock cost the lease of {', '.join(granted)}")
    _judge_sent(run, log, names)
    days = await judge_days(run)
    if jump.process == "risk" and jump.ahead > 0 and len(days) < 2:
        run.notes.append("no day began though risk's clock was past the roll")


def _judge_risk(run: Run, jump: Jump, decisions: list[Told], asked: dict[str, Told]) -> None:
    """What risk decided by a wrong clock: it hits when orders of now are denied for their time.

    One that was started ten minutes late takes orders that are ten minutes old for new; the router then must not.
    """
    stale_approved = 0
    for decision in decisions:
        order = asked.get(decision.data["order"])
        if order is None:
            continue
        approved = decision.type == "OrderApproved"
        if order.data["signal_id"].startswith(f"{run.prefix}-old"):
            stale_approved += approved
        elif decision.data.get("reason") == jump.denies:
            run.hit()
        elif approved and abs(decision.time - order.time) > TEN_MINUTES // 2:
            run.notes.append(f"risk approved an order of now by a clock {jump.ahead / 1e6:+g} s off")
    if bool(stale_approved) != jump.anew:
        run.notes.append(f"{stale_approved} orders that were ten minutes old were approved")


def _judge_ledger(run: Run, jump: Jump, log: list[Told], during: list[Told]) -> None:
    """The ledger's jump there and back is in the log, and orders flow meanwhile."""
    steps = [Decimal(str(each.data["seconds"])) for each in log if each.type == "ClockStepped"]
    there = Decimal(jump.ahead) / 1_000_000
    if len(steps) != 2 or abs(steps[0] - there) > _NEAR_SECONDS or abs(steps[1] + there) > _NEAR_SECONDS:
        run.notes.append(f"the ledger's clock stepped by {there:+f} s and back, and the log says {steps}")
    run.hit(len(steps))
    if not any(each.type == "OrderApproved" for each in during):
        run.notes.append("nothing was approved while the ledger's clock was wrong")


def _judge_sent(run: Run, log: list[Told], names: dict[str, str]) -> None:
    """Nothing is sent after its approval has expired by the router's clock, nothing stale at all; what is new flows."""
    expires: dict[str, int] = {}
    sent = set()
    for each in log:
        if each.type == "OrderApproved":
            expires[each.data["order"]] = each.data["expires_at"]
        elif each.type == "OrderSubmitStarted" and (order := each.data["order"]) in expires:
            sent.add(names.get(order, ""))
            if each.time >= expires[order]:
                run.notes.append(f"{names.get(order)} was sent {(each.time - expires[order]) / 1e6:.1f} s too late")
    if stale := [name for name in sent if name.startswith(f"{run.prefix}-old")]:
        run.notes.append(f"{', '.join(sorted(stale))} was sent ten minutes late")
    if not any(name.startswith(f"{run.prefix}-new") for name in sent):
        run.notes.append("nothing flowed after the clock was right again")
