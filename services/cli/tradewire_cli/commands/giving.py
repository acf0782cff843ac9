"""One command to the running system, and what is said when it is in the log."""

import sys
from pathlib import Path

from tradewire.messages.control import ControlCommand, ControlReply
from tradewire_cli.commands.asking import ask
from tradewire_cli.views import plain


def give(verb: str, command: ControlCommand, done: str, data: Path | None, person: str, *, as_json: bool) -> None:
    """Gives a command and prints the answer: `done`, or what the answer itself says. Raises as `Client.command`."""
    reply = ask(data, person, lambda client: client.command(verb, command))
    print(plain.document(reply) if as_json else said(reply, done))
    warn(reply)


def warn(reply: ControlReply) -> None:
    """Says on stderr what may not have been meant, although it was done."""
    if reply.warning:
        print(f"warning: {reply.warning}", file=sys.stderr)


def said(reply: ControlReply, done: str = "") -> str:
    """A yes in one line, with its place in the log."""
    at = ", ".join(str(position) for position in reply.positions)
    words = done if done and reply.code == "OK" else reply.message
    return f"{words}; on the record at position {at}" if at else words
