"""The command line: `tradewire`, or `python -m tradewire_cli`. Whatever goes wrong is one line and an exit code."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from io import TextIOWrapper

import typer

from tradewire.errors import TradewireError
from tradewire_cli import app, exits, misuse


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one command and exits with its code, see `exits.Exit`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character must not end a command
    try:
        code = app.make(given)(args=given, prog_name="tradewire", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        code = _say(given, f"{misuse.words(error, given)}. {_help(given)}", exits.Exit.WRONG_USE)
    except TradewireError as error:
        code = _say(given, str(error), exits.code_of(error))
    except (KeyboardInterrupt, typer.Abort):
        code = exits.INTERRUPTED
    except BrokenPipeError:
        code = _unread()
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        code = _unread()  # typer makes a failure of it
    except OSError as error:
        code = _say(given, f"{error.filename or 'this machine'}: {error.strerror or error}", exits.Exit.REFUSED)
    except Exception as error:  # noqa: BLE001 - a person gets one line, and the rest in a file
        code = _say(given, f"stopped by a fault of its own: {error!r}. {_kept(error)}", exits.Exit.UNKNOWN)
    sys.exit(int(code or 0))


def _unread() -> exits.Exit:
    """Whoever read the output has gone; the interpreter must not stumble over that once more as it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exits.Exit.DONE


def _say(given: Sequence[str], message: str, code: exits.Exit) -> exits.Exit:
    name = next((word for word in given if not word.startswith("-")), "")
    print(f"tradewire {name}".rstrip() + f": {message}", file=sys.stderr)
    return code


def _help(given: Sequence[str]) -> str:
    name = next((word for word in given if word in app.COMMANDS), "")
    return f"See `tradewire {name} --help`." if name else "See `tradewire --help`."


def _kept(error: Exception) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="tradewire-", suffix=".txt", delete=False) as file:
        traceback.print_exception(error, file=file)
    return f"Report it with {file.name}, please."


if __name__ == "__main__":
    main()
