"""Where the paper broker is and what opens its door: the address, and the token in a file that only its owner reads."""

import os
import secrets
from pathlib import Path

from tradewire.errors import ConfigError
from tradewire.secret_files import read_secret
from tradewire.settings import Paper

ADDRESS_FILE = "address"
TOKEN_FILE = "token"  # noqa: S105 - the name of a file


def parse_address(text: str) -> tuple[str, int]:
    """Splits `host:port`.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ConfigError("paper.address", f"{text!r} is not host:port", "Write it as 127.0.0.1:0; 0 is any free port.")
    return host.strip("[]"), int(port)


def token_path(paper: Paper) -> Path:
    """Where the token is: `paper.token_file`, else beside the journal."""
    return Path(paper.token_file) if paper.token_file else Path(paper.journal) / TOKEN_FILE


def make_token(paper: Paper) -> str:
    """Returns the token, made when there is none yet.

    Raises:
        ConfigError: the file cannot be used.
    """
    path = token_path(paper)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_token(paper)
    except OSError as error:
        raise ConfigError("paper.token_file", f"{path}: {error.strerror}", "Choose a path to write to.") from None
    token = secrets.token_hex(32)
    with os.fdopen(fd, "w") as file:
        file.write(token + "\n")
    return token


def read_token(paper: Paper) -> str:
    """Returns the token.

    Raises:
        ConfigError: there is none, or others may read it.
    """
    again = "Delete it, and start the paper broker again."
    return read_secret(token_path(paper), "paper.token_file", missing="Start the paper broker first.", empty=again)


def tell_address(paper: Paper, host: str, port: int) -> None:
    """Leaves the address that was got beside the journal, for clients of a free port."""
    path = Path(paper.journal) / ADDRESS_FILE
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{host}:{port}\n")
    fresh.replace(path)


def find_address(paper: Paper) -> tuple[str, int]:
    """Returns where to connect: `paper.address`, or what the broker left when that names any free port.

    Raises:
        ConfigError: the address is wrong, or the broker left none yet.
    """
    host, port = parse_address(paper.address)
    if port:
        return host, port
    path = Path(paper.journal) / ADDRESS_FILE
    try:
        return parse_address(path.read_text().strip())
    except OSError as error:
        raise ConfigError("paper.address", f"{path}: {error.strerror}", "Start the paper broker first.") from None
