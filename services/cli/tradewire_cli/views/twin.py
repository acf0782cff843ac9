"""What whoever rehearses needs of a twin, ready to be pasted."""

import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct
from rich.console import Group, RenderableType
from rich.text import Text

from tradewire_cli.twins import Kind

_INDENT = "  "


class Served(Struct, frozen=True):
    """A twin that serves: whose, where, which folder keeps its state, and whether its prices move by themselves.

    `account` is a name for an account there, and `options` are the rules that were given to it.
    """

    broker: str
    kind: Kind
    url: str
    folder: Path
    account: str
    walks: bool
    options: dict[str, str]


def served(twin: Served) -> RenderableType:
    """Where it is, its keys, an account there, and how something is made to happen."""
    return Group(*(line for part in _parts(twin) for line in part))


def _parts(twin: Served) -> Iterator[Iterable[Text]]:
    kind, url = twin.kind, twin.url
    prices = "its prices move by themselves" if twin.walks else "its prices stand until you move them"
    yield [
        Text(f"The twin of {twin.broker} serves; {prices}.", "bold green"),
        Text(f"{twin.folder} keeps what happens there.", "dim"),
    ]
    addresses = [("orders, account, prices", url), *((what, _stream(url, path)) for what, path in kind.streams)]
    yield _table([*addresses, ("what may happen there", f"{url}/_twin/")])
    keys = [f"{variable}={shlex.quote(twin.options.get(option, value))}" for variable, option, value in kind.keys]
    yield _titled("Its keys, for the terminal of `tradewire up`", ["export " + " ".join(keys)])
    first = [f'default_account = "{twin.account}"', "", "[router]", f'account = "{twin.account}"', ""]
    risk = ["[risk]", f'allowed_symbols = "{",".join(kind.symbols)}"', ""]
    options = [f'{key} = "{value}"' for key, value in (*kind.account, ("url_override", url))]
    yield _titled(
        "A tradewire.toml with an account there; to one that you have, add its last section",
        [*first, *risk, f"[accounts.{twin.account}]", *options],
    )
    fault = {"kind": "drop_after", "on": kind.order_call}
    yield _titled("A fault: the next order is taken, and its answer is lost", [_curl(url, "faults", fault)])
    example = kind.symbols[0]
    price = {"verb": "quote", "args": {"symbol": example, "bid": "150", "ask": "150.02"}}
    yield _titled(f"A price: {example} falls", [_curl(url, "do", price)])
    yield _titled(
        "All faults, and all else that can be made to happen", [f"curl -s {url}/_twin/ | python3 -m json.tool"]
    )


def _stream(url: str, path: str) -> str:
    return f"ws{url.removeprefix('http')}{path}"


def _curl(url: str, call: str, body: object) -> str:
    return f"curl -s {url}/_twin/{call} -d '{json.dumps(body)}'"


def _table(rows: list[tuple[str, str]]) -> Iterator[Text]:
    width = max(len(what) for what, _ in rows)
    yield Text()
    for what, where in rows:
        yield Text.assemble(_INDENT, (what.ljust(width), "dim"), _INDENT, where)


def _titled(title: str, lines: list[str]) -> Iterator[Text]:
    """A title, and under it what is pasted, which begins at the edge of the terminal."""
    yield Text()
    yield Text(title, "bold")
    for line in lines:
        yield Text(line)
