"""What can go wrong with an engine."""

from tradewire.errors import TradewireError


class EngineFailed(TradewireError):  # noqa: N818 - named for what it says
    """An engine could not be started, or stopped by itself; the message says which and what it said last."""
