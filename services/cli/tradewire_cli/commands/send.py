"""`tradewire send`: a signal by hand, as the strategy `manual`, and what becomes of it."""

import asyncio
import secrets
import sys
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import typer

from tradewire.domain.quoting import quoted
from tradewire.errors import InvalidValue
from tradewire.messages.refusals import Refusal, SignalInvalid
from tradewire.messages.signal import Signal
from tradewire.messages.signal_fields import FIELDS
from tradewire.messages.signal_parse import parse_signal
from tradewire.messages.signal_support import ANY, NOT_YET, unsupported
from tradewire.messages.vocabulary import Action, OrderType, TimeInForce
from tradewire.subjects import MANUAL_STRATEGY
from tradewire_cli import OWNER
from tradewire_cli.client import Place, connected, place_of
from tradewire_cli.commands.following import Followed, follow
from tradewire_cli.commands.options import DataOption, JsonOption, PersonOption, console
from tradewire_cli.commands.when import now
from tradewire_cli.commands.wording import as_option
from tradewire_cli.exits import Exit, Failed
from tradewire_cli.finding import settings_if_right
from tradewire_cli.views import events as event_views
from tradewire_cli.views import orders as order_views
from tradewire_cli.views import plain, text

_WORDS: Final = ("action", "symbol", "quantity")
_OBJECT: Final = "KEY=VALUE,…"
_LATER: Final = "Not supported yet"
_SOMEWHERE: Final = "At brokers that take them"
_PANELS: Final = {
    name: _SOMEWHERE if row.broker or row.action else _LATER
    for row in NOT_YET
    for name in ((row.field,) if row.value == ANY else ()) + row.takes
}


def _field(name: str, *flags: str, says: str = "", metavar: str | None = None) -> Any:
    """The option of a field, in the words of the reference; what not every broker takes stands apart."""
    words = says or FIELDS[name].rule.replace("`", "").replace("[", "\\[")
    return typer.Option(*flags, help=words, metavar=metavar, rich_help_panel=_PANELS.get(name))


def send(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="ACTION SYMBOL QUANTITY", help="In short: buy AAPL 10.", show_default=False),
    ] = None,
    action: Annotated[Action | None, _field("action", says="what to do")] = None,
    symbol: Annotated[str | None, _field("symbol")] = None,
    quantity: Annotated[str | None, _field("quantity")] = None,
    order_type: Annotated[OrderType | None, _field("order_type")] = None,
    limit_price: Annotated[str | None, _field("limit_price")] = None,
    stop_price: Annotated[str | None, _field("stop_price")] = None,
    time_in_force: Annotated[TimeInForce | None, _field("time_in_force")] = None,
    expire_at: Annotated[str | None, _field("expire_at")] = None,
    price: Annotated[str | None, _field("price")] = None,
    account: Annotated[str | None, _field("account")] = None,
    reduce_only: Annotated[bool | None, _field("reduce_only", "--reduce-only")] = None,
    extended_hours: Annotated[bool | None, _field("extended_hours", "--extended-hours")] = None,
    id_: Annotated[str | None, _field("id", "--id", says="made for you if left out; the same id trades once")] = None,
    timestamp: Annotated[str | None, _field("timestamp", says="when it arose; now if left out, none for none")] = None,
    valid_until: Annotated[str | None, _field("valid_until")] = None,
    notional: Annotated[str | None, _field("notional")] = None,
    target_quantity: Annotated[str | None, _field("target_quantity")] = None,
    target_percent: Annotated[str | None, _field("target_percent")] = None,
    size: Annotated[str | None, _field("size", metavar=_OBJECT)] = None,
    trail: Annotated[str | None, _field("trail", metavar=_OBJECT)] = None,
    stop_loss: Annotated[str | None, _field("stop_loss", metavar=_OBJECT)] = None,
    take_profit: Annotated[
        list[str] | None, _field("take_profit", says="an exit with profit; repeatable", metavar=_OBJECT)
    ] = None,
    confidence: Annotated[str | None, _field("confidence")] = None,
    execution: Annotated[str | None, _field("execution", metavar=_OBJECT)] = None,
    tags: Annotated[list[str] | None, _field("tags", "--tag", says="a label; repeatable")] = None,
    extra: Annotated[str | None, _field("extra", metavar=_OBJECT)] = None,
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="Send this JSON instead; - reads it here.")
    ] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show what becomes of it, until the order is over.")] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="How long --wait waits.")] = 30.0,
    as_json: JsonOption = False,
    data: DataOption = None,
    person: PersonOption = OWNER,
) -> int:
    """Send a signal by hand, as the strategy `manual`.

    With --wait: 0 filled or working, 1 refused, denied or rejected, 3 when the time is over and nobody knows.
    """
    # Every option but the last ones is a field of a signal, under its own name; typer has them all in one place.
    given = {("id" if name == "id_" else name): value for name, value in context.params.items()}
    fields = {name: value for name, value in given.items() if name in FIELDS and value not in (None, [], ())}
    if source:
        if fields or words:
            raise Failed(Exit.WRONG_USE, "--from sends the file as it is; leave the other fields out")
        body = _read(source)
    else:
        body = _written(fields, words or [])
    try:
        signal = _checked(body)
    except Failed as failed:
        raise failed if source else Failed(failed.code, as_option(str(failed))) from None
    return asyncio.run(_send(place_of(data, person), signal, body, timeout if wait else 0, as_json=as_json))


async def _send(place: Place, signal: Signal, body: bytes, wait: float, *, as_json: bool) -> int:
    out = console()
    async with connected(place) as client, client.news() as heard:
        published = await client.publish(signal.id, body)
        known = ", which was there already" if published.duplicate else ""
        if not as_json:
            out.print(f"signal {signal.id} is on disk{known}", markup=False)
        if not wait:
            if as_json:
                print(plain.document({"signal_id": signal.id, **msgspec.to_builtins(published)}))
            return Exit.DONE
        followed = await follow(
            client,
            heard,
            signal,
            body,
            wait,
            lambda event: (
                None
                if as_json
                else out.print(
                    event_views.line(event, now(), orders=False, width=out.width if out.is_terminal else 0),
                    soft_wrap=True,
                )
            ),
        )
    if as_json:
        print(
            plain.document(
                {
                    "signal_id": signal.id,
                    "order": followed.order,
                    "events": followed.events,
                    "outcome": followed.outcome,
                }
            )
        )
    else:
        out.print(_ending(followed), markup=False)
    return followed.exit


def _ending(followed: Followed) -> str:
    order = followed.order
    if order is None:
        return followed.outcome
    filled = f", {text.quantity(order.filled)} filled at {text.mean(order.average_price)}" if order.filled else ""
    more = "" if followed.exit is Exit.DONE else f"; `tradewire why {order.order[:8]}` tells more"
    return f"order {order.order[:8]} is {order_views.status(order.status)}{filled}{more}"


def _read(source: str) -> bytes:
    try:
        if source == "-":
            return sys.stdin.buffer.read()
        with open(source, "rb") as file:  # noqa: PTH123 - a path that a person wrote, to be read once
            return file.read()
    except OSError as error:
        raise Failed(Exit.WRONG_USE, f"--from: {source} cannot be read: {error.strerror}") from None


def _written(fields: dict[str, Any], words: list[str]) -> bytes:
    if len(words) > len(_WORDS):
        raise Failed(Exit.WRONG_USE, f"{quoted(words[len(_WORDS)])} is one word too many after ACTION SYMBOL QUANTITY")
    for name, word in zip(_WORDS, words, strict=False):
        if name in fields:
            raise Failed(Exit.WRONG_USE, f"{name} is given twice: {quoted(word)} and --{name} {fields[name]}")
        fields[name] = word
    for name in ("size", "trail", "stop_loss", "execution", "extra"):
        if name in fields:
            fields[name] = _object(name, fields[name])
    if "take_profit" in fields:
        fields["take_profit"] = [_object("take_profit", each) for each in fields["take_profit"]]
    fields.setdefault("id", f"manual-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    if fields.setdefault("timestamp", datetime.now(UTC).isoformat()) == "none":
        del fields["timestamp"]
    return msgspec.json.encode(fields)


def _object(name: str, written: str) -> dict[str, Any]:
    """An object, from JSON or from `key=value,key=value`."""
    try:
        if written.lstrip().startswith("{"):
            return msgspec.json.decode(written, type=dict[str, Any])
        return dict(part.split("=", 1) for part in written.split(","))
    except ValueError:
        option = f"--{name.replace('_', '-')}"
        raise InvalidValue("OBJECT_INVALID", f"{option}: {quoted(written)} is no object", _OBJECT) from None


def _checked(body: bytes) -> Signal:
    """What ingest would say of it, said here before it is sent."""
    settings = settings_if_right()
    try:
        size = settings.size_of(MANUAL_STRATEGY) if settings else None
        symbols = settings.symbols_of(MANUAL_STRATEGY) if settings else None
        signal = parse_signal(MANUAL_STRATEGY, body, size, symbols)
    except SignalInvalid as error:
        raise _refused(error.refusal) from None
    broker = settings.broker_of(signal.account or settings.account_of(MANUAL_STRATEGY)) if settings else ""
    if (refusal := unsupported(signal, broker)) is not None:
        raise _refused(refusal)
    return signal


def _refused(refusal: Refusal) -> Failed:
    return Failed(Exit.REFUSED, event_views.refusal(refusal))
