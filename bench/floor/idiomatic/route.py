"""Chooses a venue for every approval."""

from msgspec.structs import replace

from bench.floor.idiomatic.hop import Hop
from bench.floor.idiomatic.wire import Message
from bench.role import main


def choose(message: Message) -> list[Message]:
    """One routed order for one approval."""
    routed = replace(
        message,
        msg_id=f"routed:{message.order}",
        kind="routed",
        venue="paper",
        client_order_id=f"{message.order:032x}",
    )
    return [routed]


if __name__ == "__main__":
    main(Hop("route", "approved", choose))
