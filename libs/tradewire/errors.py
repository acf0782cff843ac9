"""The tree of errors that Tradewire raises.

TradewireError
├── ConfigError            a setting is wrong: exit 2, one line with the key and the fix
├── InvalidValue           a value from outside is wrong: what is wrong, and what would be right
├── TransitionError        an event that the order's state does not allow
├── LogError
│   ├── LogChanged         another log_id, or a position below what is kept: take a new snapshot
│   ├── LogCorrupt         the log contradicts itself: stop
│   └── UnknownEvent       a type or schema that this build does not know: stop
└── Unavailable            a part of the system does not answer: the outcome is unknown, ask again
    └── NotLeader          the lease is held elsewhere or has run out
"""


class TradewireError(Exception):
    """Anything that Tradewire itself raises."""


class ConfigError(TradewireError):
    """A setting is wrong. `key` names it, `fix` says what to do; the process exits with 2."""

    def __init__(self, key: str, problem: str, fix: str) -> None:
        super().__init__(f"{key}: {problem}. {fix}")
        self.key, self.problem, self.fix = key, problem, fix


class Stopped(TradewireError):  # noqa: N818 - what happened, not what failed
    """The process must not go on until a person has decided; it ends with `code`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class InvalidValue(TradewireError):  # noqa: N818 - named for what it says
    """A value from outside is wrong: `message` says what, `expected` says what would have been right."""

    def __init__(self, code: str, message: str, expected: str) -> None:
        super().__init__(f"{message}; expected {expected}")
        self.code, self.message, self.expected = code, message, expected


class TransitionError(TradewireError):
    """An event came that the order's state does not allow."""


class LogError(TradewireError):
    """The log cannot be followed."""


class LogChanged(LogError):  # noqa: N818
    """The log is another one, or no longer reaches back far enough: take a new snapshot."""


class LogCorrupt(LogError):  # noqa: N818
    """The log contradicts itself; nothing may act on it."""


class UnknownEvent(LogError):  # noqa: N818
    """An event type or schema that this build does not know; it must not be skipped."""


class Unavailable(TradewireError):  # noqa: N818
    """A part of the system does not answer; what was asked may or may not have happened."""


class NotLeader(Unavailable):
    """The lease is held by another process or has run out."""
