"""One step of the read model: fold a batch of frames, and store what they changed together with the checkpoint."""

from collections.abc import Sequence

from tradewire.messages.log import Frame
from tradewire_ledger.reader.model import Changes, Model
from tradewire_ledger.reader.store import Store

BATCH_EVENTS = 4_000
"""What one transaction holds at most, beyond its last frame: it bounds memory, and how long the loop is busy."""


async def advance(store: Store, model: Model, frames: Sequence[Frame]) -> Changes:
    """Moves the read model over frames, in memory and in its tables.

    When it raises, memory and tables may differ: the model must be loaded anew.

    Raises:
        CheckpointMoved: somebody else has moved the tables.
        LogError: the log contradicts itself, or holds what this build does not know.
    """
    if closed := model.closed_orders(frames):
        model.remember(await store.orders(closed))
    changes = model.fold(frames)
    await store.apply(changes)
    return changes
