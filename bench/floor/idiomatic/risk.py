"""Approves every signal."""

from msgspec.structs import replace

from bench.floor.idiomatic.hop import Hop
from bench.floor.idiomatic.wire import Message
from bench.role import main


def approve(message: Message) -> list[Message]:
    """One approval for one signal."""
    approved = replace(
        message,
        msg_id=f"approved:{message.order}",
        kind="approved",
        account="paper",
        approved_quantity=message.signal.quantity,
    )
    return [approved]


if __name__ == "__main__":
    main(Hop("risk", "signal", approve))
