"""Makes the read model anew, in one transaction: until it commits, everybody sees the old one."""

from collections.abc import Callable

from msgspec import Struct

from tradewire.errors import LogCorrupt
from tradewire_ledger.reader.advance import BATCH_EVENTS, advance
from tradewire_ledger.reader.digest import Digest, digest
from tradewire_ledger.reader.model import CODE, Checkpoint, Model
from tradewire_ledger.reader.store import Head, Store

Progress = Callable[[int, int], None]
"""Told after each batch: the position reached, and the one to reach."""


class Rebuilt(Struct, frozen=True):
    """The digests of the old read model and the new one; `before` is None when they cannot be compared."""

    before: Digest | None
    after: Digest


async def outdated(store: Store, head: Head, at: Checkpoint) -> str:
    """Returns why the read model at a checkpoint is not one of the log of `head` by these folds, or nothing."""
    if at.log_id != head.log_id:
        return f"it is of log {at.log_id}"
    if at.code != CODE:
        return f"it was folded by version {at.code}, and this is {CODE}"
    if at.pos > head.pos:
        return f"it is at position {at.pos}, and the log ends at {head.pos}"
    if at.frame and await store.frame_hash(at.frame) != at.hash:
        return f"its hash is not that of frame {at.frame}"
    return ""


async def rebuild(store: Store, progress: Progress) -> Rebuilt:
    """Folds the log from its beginning, up to the old checkpoint if that can be compared, else to the head.

    Raises:
        NotStarted: there is nothing to fold.
        LogError: the log contradicts itself, or holds what this build does not know; the old read model stays.
    """
    async with store.connection.transaction():
        head = await store.head()
        await store.checkpoint(head)
        await store.hold_checkpoint()
        old = await store.present_checkpoint()
        comparable = not await outdated(store, head, old)
        before = await digest(store) if comparable else None
        target = old.pos if comparable else head.pos
        await store.restart(head)
        model = Model(await store.present_checkpoint())
        while model.checkpoint.pos < target:
            frames = await store.frames_after(head.log_id, model.checkpoint.frame, events_max=BATCH_EVENTS)
            frames = [frame for frame in frames if frame.last_pos <= target]
            if not frames:
                raise LogCorrupt(f"the log goes on to {target}, and no frame follows {model.checkpoint.pos}")
            await advance(store, model, frames)
            progress(model.checkpoint.pos, target)
        return Rebuilt(before, await digest(store))
