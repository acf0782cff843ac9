"""Open lots, first in, first out, in an immutable queue whose cost does not grow with its length.

One flat tuple would be copied whole at each fill. Here the newest lots are in `back`, the oldest in `front`, and full
chunks of 64 lie between them, so that a fill copies at most two chunks. `middle`, which has one pointer for 64 lots, is
copied once in 64 fills.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from msgspec import Struct

from tradewire.domain.exact import ZERO, add, multiply, ratio, share, subtract

CHUNK = 64


class Lot(Struct, frozen=True, array_like=True, gc=False):
    """What one fill opened and nothing has closed yet: `fee` is the part of its fee that belongs to `quantity`.

    `value` is what was paid for it, where a split has left a price that has no end and was rounded; else it is
    quantity times price.
    """

    quantity: Decimal
    price: Decimal
    at: int
    fee: Decimal
    exec_id: str
    value: Decimal | None = None

    @property
    def paid(self) -> Decimal:
        """What was paid for it, exactly."""
        return multiply(self.quantity, self.price) if self.value is None else self.value


class Lots(Struct, frozen=True, array_like=True, gc=False):
    """The queue, oldest lot first. Equal histories give equal queues, chunk by chunk."""

    front: tuple[Lot, ...] = ()
    middle: tuple[tuple[Lot, ...], ...] = ()
    back: tuple[Lot, ...] = ()

    def __iter__(self) -> Iterator[Lot]:
        yield from self.front
        for chunk in self.middle:
            yield from chunk
        yield from self.back

    def __len__(self) -> int:
        return len(self.front) + CHUNK * len(self.middle) + len(self.back)


def push(lots: Lots, lot: Lot) -> Lots:
    """Appends the newest lot."""
    if not lots.front:
        return Lots((lot,))
    back = (*lots.back, lot)
    if len(back) < CHUNK:
        return Lots(lots.front, lots.middle, back)
    return Lots(lots.front, (*lots.middle, back))


def take(lots: Lots, quantity: Decimal) -> tuple[list[Lot], Lots, Decimal]:
    """Takes `quantity` from the oldest lots. Returns what was taken, what is left, and the quantity that was not there.

    The last lot taken may be a part; its fee is then `share` of the lot's fee, and the lot that is left keeps the rest.
    So it is with what was paid, where that is kept apart from the price.
    """
    taken: list[Lot] = []
    front, back = lots.front, lots.back
    index = chunks = 0
    while quantity and front:
        lot = front[index]
        if lot.quantity > quantity:
            fee = share(lot.fee, quantity, lot.quantity)
            value = rest = None
            if lot.value is not None:
                value = share(lot.value, quantity, lot.quantity)
                rest = subtract(lot.value, value)
            left = Lot(subtract(lot.quantity, quantity), lot.price, lot.at, subtract(lot.fee, fee), lot.exec_id, rest)
            taken.append(Lot(quantity, lot.price, lot.at, fee, lot.exec_id, value))
            return taken, Lots((left, *front[index + 1 :]), lots.middle[chunks:], back), ZERO
        taken.append(lot)
        quantity = subtract(quantity, lot.quantity)
        index += 1
        if index == len(front):
            index = 0
            if chunks < len(lots.middle):
                front, chunks = lots.middle[chunks], chunks + 1
            else:
                front, back = back, ()
    return taken, Lots(front[index:], lots.middle[chunks:], back), quantity


def rescale(lots: Lots, held: Decimal, target: Decimal, at: int) -> Lots:
    """The same lots when `held`, which they add up to, becomes `target` at a time (µs); both above zero.

    What was paid stays. Lots of that time or later are of the new kind already and stay as they are, where that leaves
    something for the others. Each of these gets its `share`, and the last what the others leave. One that would be
    nothing goes to the next.
    """
    later = [lot for lot in lots if lot.at >= at]
    new = ZERO
    for lot in later:
        new = add(new, lot.quantity)
    if not ZERO < new < min(held, target):
        return _rescaled(tuple(lots), held, target)
    made = _rescaled([lot for lot in lots if lot.at < at], subtract(held, new), subtract(target, new))
    for lot in later:
        made = push(made, lot)
    return made


def _rescaled(lots: Sequence[Lot], held: Decimal, target: Decimal) -> Lots:
    made, left = Lots(), target
    paid = fee = ZERO
    last = len(lots) - 1
    for index, lot in enumerate(lots):
        quantity = left if index == last else share(target, lot.quantity, held)
        paid, fee = add(paid, lot.paid), add(fee, lot.fee)
        if not quantity:
            continue
        left = subtract(left, quantity)
        price = ratio(paid, quantity)
        value = None if multiply(quantity, price) == paid else paid
        made = push(made, Lot(quantity, price, lot.at, fee, lot.exec_id, value))
        paid = fee = ZERO
    return made
