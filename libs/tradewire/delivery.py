"""A message as it comes from NATS."""

from collections.abc import Callable

from msgspec import Struct


class Message(Struct, frozen=True, gc=False):
    """A message as it came: headers are raw bytes, parsed only on demand."""

    subject: str
    reply: str
    data: bytes
    raw_headers: bytes = b""

    @property
    def status(self) -> int:
        """The status code of a JetStream control message, or 0."""
        head = self.raw_headers[:13]
        return int(head[9:12]) if head.startswith(b"NATS/1.0 ") and head[9:12].isdigit() else 0

    @property
    def headers(self) -> dict[str, str]:
        """The headers by name."""
        lines = self.raw_headers.decode().split("\r\n")[1:]
        return dict(tuple(part.strip() for part in line.split(":", 1)) for line in lines if ":" in line)  # type: ignore[misc]


Handler = Callable[[Message], None]
