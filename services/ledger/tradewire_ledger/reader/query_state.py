"""Switches and limits, how far the reader is, and the digest of the read model."""

from collections import Counter

from tradewire.messages.answers import ControlState, DigestReply, StatusReply
from tradewire.messages.queries import ControlQuery, DigestQuery, StatusQuery
from tradewire_ledger.reader.context import Context
from tradewire_ledger.reader.digest import digest


async def control(context: Context, _query: ControlQuery) -> ControlState:
    """Switches and limits in force."""
    async with context.in_memory() as follower:
        model = follower.model
        return ControlState(
            pos=model.checkpoint.pos,
            switches=dict(sorted(model.controls.switches.items())),
            limits=dict(sorted(model.controls.limits.items())),
            brokers=context.brokers(),
        )


async def status(context: Context, _query: StatusQuery) -> StatusReply:
    """How far the log and the read model are."""
    async with context.in_memory() as follower:
        model, at, head = follower.model, follower.model.checkpoint, follower.head
        return StatusReply(
            pos=at.pos,
            log_id=at.log_id,
            head=head,
            frame=at.frame,
            lag=head - at.pos,
            open_orders=dict(sorted(Counter(order.status.value for order in model.orders.values()).items())),
            accounts=len(model.books),
            halted=tuple(sorted(s for s, switch in model.controls.switches.items() if switch.level != "NONE")),
        )


async def digest_of(context: Context, _query: DigestQuery) -> DigestReply:
    """The digest of the read model as it is now. It reads every row, so it takes its time."""
    async with context.reading() as moment:
        await moment.connection.execute("set local statement_timeout = 0")
        found = await digest(moment.store)
    return DigestReply(pos=found.pos, log_id=found.log_id, digest=found.digest, tables=found.tables)
