"""One row of the matrix."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from tests.chaos.run import Run
from tests.chaos.shape import Shape

Inject = Callable[[Run], Awaitable[None]]


class Row(Struct, frozen=True):
    """One fault: its name, what happens, and the function that makes it happen. `seconds` is what one run takes."""

    name: str
    title: str
    inject: Inject
    seconds: float = 8.0
    shape: Shape = Shape()
