"""Events of the streams `command-…`: what people asked for in vain. What was carried out is told where it was done."""

from msgspec import Struct


class CommandRefused(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person's command that was not carried out: why, which field, and what would have been right.

    `sha256` and `size` (bytes) are of the request as it was sent.
    """

    verb: str
    by: str
    code: str
    field: str
    message: str
    expected: str
    sha256: str
    size: int
