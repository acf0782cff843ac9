"""How a system of the fault matrix is started."""

from msgspec import Struct


class Shape(Struct, frozen=True):
    """What differs from the usual settings, where proxies stand, which broker there is, and planted bugs.

    A link is `<process>.<nats|postgres|paper>`; `planted` names a bug for the processes that it is about.
    """

    links: tuple[str, ...] = ()
    max_signal_age: str = "30s"
    approval_ttl: str = "30s"
    absence_grace: str = "1s"
    mangled: bool = False
    """NATS links pass through a mangler, which a row switches on."""
    small_wal: bool = False
    """Postgres' write-ahead log lies on a file system of its own that can be filled."""
    small_nats: bool = False
    """JetStream's store lies on a small file system, and the supervisor of `tradewire up` keeps NATS running."""
    small_logs: bool = False
    """The logs lie on a small file system."""
    tls: bool = False
    """NATS is under TLS."""
    clocks: bool = False
    """Each process goes by a clock of its own, which a row sets."""
    settings: dict[str, str] = {}
    """Further settings, by `<section>.<key>`."""
    day_rolls_in: int = 0
    """About how many seconds after the start the account's day rolls, instead of at midnight; less by up to 60."""
    planted: str = ""
    broker: str = "paper"
    """Whose the account is, which has the broker's name: one of `brokers.BROKERS`."""
