"""Why a message is no signal that we can act on: stable codes, and the refusal that carries one."""

from enum import StrEnum
from typing import Self

from msgspec import Struct

from tradewire.errors import InvalidValue


class Code(StrEnum):
    """The stable codes of refusals. Words of messages may change; a code keeps its meaning for ever."""

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.__doc__ = meaning
        return member

    BODY_EMPTY = "BODY_EMPTY", "The message has no body, or white space alone."
    BODY_TOO_LARGE = "BODY_TOO_LARGE", "The message has more bytes than are read."
    JSON_BOM = "JSON_BOM", "The message starts with a byte order mark."
    JSON_ENCODING = "JSON_ENCODING", "The bytes are not UTF-8."
    JSON_SURROGATE = "JSON_SURROGATE", "A text holds half a surrogate pair, which is no character."
    JSON_NUL = "JSON_NUL", "A text holds a NUL character."
    JSON_TOO_DEEP = "JSON_TOO_DEEP", "Objects and lists are nested deeper than is read."
    JSON_DUPLICATE_KEY = "JSON_DUPLICATE_KEY", "A key is there twice; which one was meant cannot be known."
    JSON_NOT_FINITE = "JSON_NOT_FINITE", "NaN or Infinity stands where a JSON value should."
    JSON_NUMBER_TOO_LONG = "JSON_NUMBER_TOO_LONG", "A number has more characters than are read."
    JSON_TRAILING_COMMA = "JSON_TRAILING_COMMA", "A comma stands before a closing bracket."
    JSON_MANY_DOCUMENTS = "JSON_MANY_DOCUMENTS", "Something follows the object; one message is one signal."
    JSON_NOT_OBJECT = "JSON_NOT_OBJECT", "The message is JSON, but no object."
    JSON_MALFORMED = "JSON_MALFORMED", "The message is not JSON."

    TEMPLATE_UNEXPANDED = "TEMPLATE_UNEXPANDED", "A `{{...}}` placeholder was sent instead of its value."
    SCHEMA_UNKNOWN = "SCHEMA_UNKNOWN", "`schema` names another format than this one, which is 1."
    FIELD_UNKNOWN = "FIELD_UNKNOWN", "A field that signals do not have; free fields belong in `extra`."
    FIELD_MISSING = "FIELD_MISSING", "A field that this signal needs is not there."
    FIELD_NOT_ALLOWED = "FIELD_NOT_ALLOWED", "A field that means nothing beside the others, such as a stop on a cancel."
    FIELD_CONFLICT = "FIELD_CONFLICT", "Two fields say the same thing in two ways; only one may."
    WRONG_TYPE = "WRONG_TYPE", "A value has the wrong JSON type; true is no number, null is no value."
    TEXT_INVALID = "TEXT_INVALID", "A text is empty, too long, or has characters that cannot be printed."
    TOO_MANY = "TOO_MANY", "A list has more entries than are taken."
    WORD_UNKNOWN = "WORD_UNKNOWN", "A word that is not in this field's list, such as `long` for an action."

    NAME_INVALID = "NAME_INVALID", "A name of a strategy or an account is not written as names are."
    ID_INVALID = "ID_INVALID", "The signal's id is not written as ids are."
    SYMBOL_INVALID = "SYMBOL_INVALID", "The symbol is not written as symbols are: AAPL, BRK.B, BTC/USDT."
    SYMBOL_ALIAS_UNKNOWN = (
        "SYMBOL_ALIAS_UNKNOWN",
        "What looks like a source's own name of a pair is in none of its tables; it is not guessed.",
    )

    NUMBER_INVALID = "NUMBER_INVALID", "A number is not written in plain ASCII digits."
    NUMBER_NOT_FINITE = "NUMBER_NOT_FINITE", "A number is NaN or infinite."
    NUMBER_TOO_LARGE = "NUMBER_TOO_LARGE", "A number has more than 15 digits before its point."
    NUMBER_TOO_PRECISE = (
        "NUMBER_TOO_PRECISE",
        "A number has more than 12 digits after its point; none is cut off for you.",
    )
    NUMBER_NEGATIVE = "NUMBER_NEGATIVE", "A number is below zero where zero or more is meant."
    NUMBER_NOT_POSITIVE = "NUMBER_NOT_POSITIVE", "A number is zero or below where more is meant."
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE", "A number is above what its field can mean, such as a part above 1."

    TIME_INVALID = "TIME_INVALID", "A time is not written in RFC 3339, or does not exist."
    TIME_NO_ZONE = "TIME_NO_ZONE", "A time has no zone."
    TIME_EPOCH = "TIME_EPOCH", "A time is a bare number; whether of seconds or milliseconds is not guessed."
    TIME_LEAP_SECOND = "TIME_LEAP_SECOND", "A time is a leap second, which clocks here do not have."
    TIME_OUT_OF_RANGE = "TIME_OUT_OF_RANGE", "A time is before 1970 or after 2200."
    TIME_ORDER = "TIME_ORDER", "A time that must come later does not."

    SIZE_MISSING = "SIZE_MISSING", "The signal does not say how much."
    SIZE_AMBIGUOUS = "SIZE_AMBIGUOUS", "The signal says how much in more than one way."
    SIZE_NOT_ALLOWED = "SIZE_NOT_ALLOWED", "The signal says how much in a way that its action does not take."
    ORDER_PRICE_MISSING = "ORDER_PRICE_MISSING", "The order type needs a price that is not there."
    ORDER_PRICE_NOT_ALLOWED = "ORDER_PRICE_NOT_ALLOWED", "The order type has no such price."
    STOP_WRONG_SIDE = "STOP_WRONG_SIDE", "A stop lies where it would trigger at once or could never fill."
    STOP_LOSS_WRONG_SIDE = "STOP_LOSS_WRONG_SIDE", "The stop loss lies on the winning side of the entry."
    TAKE_PROFIT_WRONG_SIDE = "TAKE_PROFIT_WRONG_SIDE", "A take profit lies on the losing side of the entry."
    BRACKET_IMPOSSIBLE = "BRACKET_IMPOSSIBLE", "Stop loss and take profit cannot both hold."
    PARTS_ABOVE_ONE = "PARTS_ABOVE_ONE", "The parts of the take profits add up to more than the whole position."

    NOT_SUPPORTED_YET = "NOT_SUPPORTED_YET", "The field is well formed, but no service acts on it yet; none is ignored."
    ACCOUNT_UNKNOWN = "ACCOUNT_UNKNOWN", "The account is well written, but not in the configuration."
    IDEMPOTENCY_CONFLICT = "IDEMPOTENCY_CONFLICT", "The strategy has used this id before, for another message."
    LEDGER_REFUSED = "LEDGER_REFUSED", "The ledger did not take the signal; the message says why."


class Refusal(Struct, frozen=True):
    """Why, in which field (a path such as `take_profit[0].price`, or `body`), and what would have been right."""

    code: Code
    field: str
    message: str
    expected: str


class SignalInvalid(InvalidValue):
    """The message is no signal; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code, refusal.message, refusal.expected)
        self.refusal = refusal


def refused(code: Code, field: str, problem: str, expected: str) -> SignalInvalid:
    """Returns the error to raise. Its message is the field and then the problem."""
    return SignalInvalid(Refusal(code, field, f"{field}: {problem}", expected))


def adopted(field: str, error: InvalidValue) -> SignalInvalid:
    """Returns the error of a value as the refusal of the field that holds it."""
    return refused(Code[error.code], field, error.message, error.expected)
