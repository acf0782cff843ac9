"""`tradewire risk`: where risk stands, and what it would decide."""

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from msgspec import Raw

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.risk_queries import Checked, CheckQuestion, RiskStatus, StatusQuestion
from tradewire.messages.vocabulary import Action, OrderType, TimeInForce
from tradewire.subjects import MANUAL_STRATEGY
from tradewire_cli import OWNER
from tradewire_cli.commands.asking import ask
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.risk_replay import replay
from tradewire_cli.commands.when import now
from tradewire_cli.commands.wording import as_option
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.risk_client import RiskSaysNo, ask_risk
from tradewire_cli.views import checked as checked_view
from tradewire_cli.views import plain
from tradewire_cli.views import risk as view

risk = typer.Typer(no_args_is_help=True)

_WORDS: Final = ("action", "symbol", "quantity")
_SIZE_FORM: Final = "METHOD=VALUE, such as percent_of_equity=5, and what the method goes by: risk_percent=1,stop=95"


@risk.callback()
def group() -> None:
    """Look at the limits in use, ask what would be decided, and replay the log with other limits."""


@risk.command("status")
def status(
    account: Annotated[str, typer.Option(help="Only this account.")] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> None:
    """Show how much of every limit is used, which switches stand and why, and what waits for a person."""
    question = StatusQuestion(account=account)
    found = ask(data, person, lambda client: ask_risk(client, question, RiskStatus))
    if as_json:
        print(plain.document(found))
        return
    out = console()
    out.print(view.status(found, out.width, now()))


@risk.command("check")
def check(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="ACTION SYMBOL QUANTITY", help="In short: buy AAPL 10.", show_default=False),
    ] = None,
    strategy: Annotated[str, typer.Option(help="Whose order it would be.")] = MANUAL_STRATEGY,
    account: Annotated[str, typer.Option(help="In which account; left out, the strategy's own.")] = "",
    action: Annotated[Action | None, typer.Option("--side", "--action", help="What to do.")] = None,
    symbol: Annotated[str, typer.Option(help="In which symbol.")] = "",
    quantity: Annotated[str, typer.Option(help="How many units.")] = "",
    size: Annotated[str, typer.Option(metavar="METHOD=VALUE,…", help="How much, as risk is to work it out.")] = "",
    notional: Annotated[str, typer.Option(help="How much money.")] = "",
    target_quantity: Annotated[str, typer.Option(help="What is to be held in the end.")] = "",
    target_percent: Annotated[str, typer.Option(help="The same in percent of equity.")] = "",
    order_type: Annotated[OrderType | None, typer.Option("--type", "--order-type", help="The order's type.")] = None,
    limit_price: Annotated[str, typer.Option(help="Of a limit order.")] = "",
    stop_price: Annotated[str, typer.Option(help="Of a stop order.")] = "",
    time_in_force: Annotated[TimeInForce | None, typer.Option(help="How long it works.")] = None,
    price: Annotated[str, typer.Option(help="The signal's own price, where no quote is.")] = "",
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="It may only close.")] = False,
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="A signal as JSON instead; - reads it here.")
    ] = "",
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Ask what risk would decide now about an order, with every check; nothing is sent and nothing is recorded.

    0 when it would be approved, 1 when it would be held or denied.
    """
    fields: dict[str, Any] = {
        "account": account,
        "action": action,
        "symbol": symbol,
        "quantity": quantity,
        "size": _size(size) if size else None,
        "notional": notional,
        "target_quantity": target_quantity,
        "target_percent": target_percent,
        "order_type": order_type or _type_of(limit_price, stop_price),
        "limit_price": limit_price,
        "stop_price": stop_price,
        "time_in_force": time_in_force,
        "price": price,
        "reduce_only": reduce_only,
    }
    given = {name: value for name, value in fields.items() if value}
    body = _read(source, given, words or []) if source else _written(given, words or [])
    question = CheckQuestion(strategy=strategy, signal=Raw(body))
    try:
        found = ask(data, person, lambda client: ask_risk(client, question, Checked))
    except RiskSaysNo as error:
        raise error if source else Failed(error.code, as_option(str(error))) from None
    if as_json:
        print(plain.document(checked_view.document(found)))
    else:
        out = console()
        out.print(checked_view.checked(found, out.width, now()))
    return Exit.DONE if found.outcome == "approved" else Exit.REFUSED


risk.command("replay")(replay)


def _type_of(limit_price: str, stop_price: str) -> OrderType | None:
    """The order type that the prices mean, when nobody says it."""
    if limit_price:
        return "stop_limit" if stop_price else "limit"
    return "stop" if stop_price else None


def _size(written: str) -> dict[str, str]:
    """A size as a signal has it: `percent_of_equity=5` is the short form of `method=percent_of_equity,value=5`."""
    pairs = [part.partition("=") for part in written.split(",")]
    if not all(name and equals and value for name, equals, value in pairs):
        raise InvalidValue("SIZE_INVALID", f"--size: {quoted(written)} is no size", _SIZE_FORM)
    found = {name: value for name, _, value in pairs}
    if "method" not in found:
        method, _, value = pairs[0]
        found = {"method": method, "value": value} | {name: text for name, _, text in pairs[1:]}
    return found


def _written(fields: dict[str, Any], words: list[str]) -> bytes:
    if len(words) > len(_WORDS):
        raise Failed(Exit.WRONG_USE, f"{quoted(words[len(_WORDS)])} is one word too many after ACTION SYMBOL QUANTITY")
    for name, word in zip(_WORDS, words, strict=False):
        if name in fields:
            raise Failed(Exit.WRONG_USE, f"{name} is given twice: {quoted(word)} and {fields[name]}")
        fields[name] = word
    return msgspec.json.encode({"id": f"check-{secrets.token_hex(4)}", **fields})


def _read(source: str, fields: dict[str, Any], words: list[str]) -> bytes:
    if fields or words:
        raise Failed(Exit.WRONG_USE, "--from asks about the file as it is; leave the other fields out")
    try:
        body = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        msgspec.json.decode(body)
    except OSError as error:
        raise Failed(Exit.WRONG_USE, f"--from: {source} cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Failed(Exit.WRONG_USE, f"--from: {source} is not JSON: {error}") from None
    return body
