"""Rules that public material does not settle. Each is an option, and the proof runs every value of it."""

from typing import Literal, get_args, get_origin, get_type_hints

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How this Alpaca behaves where sources differ or are silent; the first value is the default."""

    # 422 of a client_order_id that is taken: public code has seen both codes.
    duplicate_code: Literal[40010001, 42210000] = 40010001
    # A wash trade has been reported as 403/40310000 and as 422/42210000.
    wash_trade_code: Literal[40310000, 42210000] = 40310000
    # The body of a 401 has no code in the documents; a code has been seen.
    unauthorized_code: Literal[0, 40110000] = 0
    # The code of a 429 is illustrative in what public material there is.
    rate_code: Literal[42910000, 0] = 42910000
    # Whether the UUID part of a FILL activity's id is the stream's execution_id.
    activity_id: Literal["execution", "own"] = "execution"
    # Paper sends binary frames of JSON; of live nothing is written.
    trade_frames: Literal["binary", "text"] = "binary"
    # `event_id` is in recorded frames and in no document.
    event_ids: Literal["sent", "absent"] = "sent"
    # Busts and corrections are documented for brokers' streams, not for this one.
    busts: Literal["streamed", "silent"] = "streamed"
    # What a second trade_updates connection meets.
    second_stream: Literal["served", "refused"] = "served"
    # Whether a replacement's quantity counts what was filled before ("qty must be > filled_qty" hints that it does).
    replaced_quantity: Literal["rest", "whole"] = "rest"
    # Whether FILL activities can be asked for by order_id.
    activities_by_order: Literal["yes", "no"] = "yes"
    # Whether sales of shares are charged, as FEE activities of their own.
    fees: Literal["none", "activities"] = "none"
    # Whether a cancel is done at once or stays pending until the verb `settle`.
    cancels: Literal["at_once", "pending"] = "at_once"

    # Whether a replacement is done at once or stays pending until the verb `settle`: its answer promises nothing.
    replacements: Literal["at_once", "pending"] = "at_once"

    rate_per_min: int = 200
    cash: str = "100000"
    multiplier: int = 1
    feeds: Literal["iex", "sip"] = "iex"
    data_streams: int = 1
    data_symbols: int = 30
    # Whether the feed has trading statuses: not every one need have them.
    statuses: Literal["told", "refused"] = "told"
    key: str = "twin-key"
    secret: str = "twin-secret"


def values(name: str) -> tuple[object, ...]:
    """All values of an option that has a choice; the default first."""
    hint = get_type_hints(Options)[name]
    return get_args(hint) if get_origin(hint) is Literal else ()


def options(given: dict[str, str], base: Options | None = None) -> Options:
    """Options from text.

    Raises:
        ValueError: an option that does not exist, or a value that it cannot have.
    """
    known = {field.name: field for field in msgspec.structs.fields(Options)}
    if unknown := set(given) - set(known):
        raise ValueError(f"{', '.join(sorted(unknown))}: not an option; they are {', '.join(known)}")
    merged = {**msgspec.structs.asdict(base or Options()), **given}
    merged = {name: int(value) if isinstance(known[name].default, int) else value for name, value in merged.items()}
    try:
        return msgspec.convert(merged, Options)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
