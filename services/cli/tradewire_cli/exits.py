"""How a command ends: the exit codes of every command, in one table, and the errors that lead to them."""

from enum import IntEnum

from tradewire.errors import ConfigError, InvalidValue, TradewireError, Unavailable


class Exit(IntEnum):
    """What the exit code of a command says; `meaning` is the line of it in `tradewire --help`."""

    meaning: str

    def __new__(cls, code: int, meaning: str) -> "Exit":
        """Makes a member from its code and its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    DONE = 0, "done"
    REFUSED = 1, "refused or denied; `check`, `status` or `preflight` found something wrong; `up` could not start"
    WRONG_USE = 2, "wrong use, or a setting that is wrong"
    UNKNOWN = 3, "the outcome is unknown: no answer in time; `up`: the log and its stream contradict each other"
    NOT_RUNNING = 4, "the system is not running"


INTERRUPTED = 130
"""What Ctrl-C leaves behind, as in every shell."""


class Failed(TradewireError):  # noqa: N818 - named for what it says
    """A command did not do what it was asked; the message is one line: what is wrong, and how to mend it."""

    def __init__(self, code: Exit, message: str) -> None:
        super().__init__(message)
        self.code = code


def code_of(error: TradewireError) -> Exit:
    """The exit code that an error leads to."""
    match error:
        case Failed():
            return error.code
        case ConfigError() | InvalidValue():
            return Exit.WRONG_USE
        case Unavailable():
            return Exit.UNKNOWN
        case _:
            return Exit.REFUSED


def table() -> str:
    """The exit codes as lines of text."""
    return "\n".join(f"{code:d}  {code.meaning}" for code in Exit)
