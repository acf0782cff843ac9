"""The bad inputs that a message can carry: each is refused with its code, its field, and what would have been right."""

from typing import NamedTuple

import pytest

from tests.unit.signal.bodies import body, refusal_of
from tradewire.messages.refusals import Code, SignalInvalid
from tradewire.messages.signal_parse import parse_signal


class Case(NamedTuple):
    """A body, and the code, the field and words of the answer that it must get."""

    name: str
    raw: bytes
    code: Code
    field: str
    expected: str


GOOD_BYTES = body()
PRICED = {"order_type": '"limit"', "limit_price": '"190"'}

JSON = [
    Case("over 16 KiB", body(extra='{"a":"' + "x" * 16384 + '"}'), Code.BODY_TOO_LARGE, "body", "16384"),
    Case("empty body", b"", Code.BODY_EMPTY, "body", "one JSON object"),
    Case("white space alone", b" \r\n\t", Code.BODY_EMPTY, "body", "one JSON object"),
    Case("byte order mark", b"\xef\xbb\xbf" + GOOD_BYTES, Code.JSON_BOM, "body", "UTF-8 without a mark"),
    Case("UTF-16", '{"id":"a"}'.encode("utf-16"), Code.JSON_BOM, "body", "UTF-8 without a mark"),
    Case(
        "bad UTF-8",
        body(tags='["\udcff"]'.replace("\udcff", "@")).replace(b"@", b"\xff"),
        Code.JSON_ENCODING,
        "body",
        "UTF-8",
    ),
    Case("surrogate in UTF-8", body().replace(b"a-1", b"\xed\xa0\x80"), Code.JSON_ENCODING, "body", "UTF-8"),
    Case("lone surrogate", body(tags=r'["\ud800"]'), Code.JSON_SURROGATE, "body", "whole characters"),
    Case("lone surrogate in extra", body(extra=r'{"\udfff":1}'), Code.JSON_SURROGATE, "body", "whole characters"),
    Case("depth 1,000", b"[" * 1000 + b"]" * 1000, Code.JSON_TOO_DEEP, "body", "at most 8"),
    Case("depth 8,000", b"[" * 8000, Code.JSON_TOO_DEEP, "body", "at most 8"),
    Case("broken off at depth 9", body(extra='{"a":' * 9), Code.JSON_TOO_DEEP, "body", "at most 8"),
    Case("broken off behind a text", b'{"a": "[[[[[[[[[[', Code.JSON_MALFORMED, "body", "JSON"),
    Case("depth 9", body(extra='{"a":' * 8 + "1" + "}" * 8), Code.JSON_TOO_DEEP, "body", "at most 8"),
    Case("quantity twice", body()[:-1] + b',"quantity":1000}', Code.JSON_DUPLICATE_KEY, "body", "each key once"),
    Case("nested key twice", body(extra='{"a":[{"b":1,"b":2}]}'), Code.JSON_DUPLICATE_KEY, "body", "each key once"),
    Case("an escaped key twice", body(**{r"quantit\u0079": "9"}), Code.JSON_DUPLICATE_KEY, "body", "each key once"),
    Case("NaN literal", body(quantity="NaN"), Code.JSON_NOT_FINITE, "body", "plain digits"),
    Case("Infinity literal", body(quantity="-Infinity"), Code.JSON_NOT_FINITE, "body", "plain digits"),
    Case("trailing comma", body()[:-1] + b",}", Code.JSON_TRAILING_COMMA, "body", "no comma"),
    Case("trailing comma in a list", body(tags='["a",]'), Code.JSON_TRAILING_COMMA, "body", "no comma"),
    Case("two documents", body() + body(), Code.JSON_MANY_DOCUMENTS, "body", "one JSON object alone"),
    Case("two lines", body() + b"\n" + body(), Code.JSON_MANY_DOCUMENTS, "body", "one JSON object alone"),
    Case("null", b"null", Code.JSON_NOT_OBJECT, "body", "one JSON object"),
    Case("a list", b"[" + body() + b"]", Code.JSON_NOT_OBJECT, "body", "one JSON object"),
    Case("a text", b'"buy AAPL"', Code.JSON_NOT_OBJECT, "body", "one JSON object"),
    Case("no JSON", b"buy 10 AAPL", Code.JSON_MALFORMED, "body", "one JSON object"),
    Case("cut off", body()[:-5], Code.JSON_MALFORMED, "body", "one JSON object"),
    Case("curly quotes", body().replace(b'"id"', "“id”".encode()), Code.JSON_MALFORMED, "body", "quotes like"),
    Case("NUL escape", body(tags=r'["a\u0000"]'), Code.JSON_NUL, "body", "without"),
    Case("NUL byte", body(tags='["a\0"]'), Code.JSON_NUL, "body", "without"),
    Case("200,000 digits", b'{"quantity":' + b"9" * 200_000 + b"}", Code.BODY_TOO_LARGE, "body", "16384"),
    Case("10,000 digits", body(quantity="9" * 10_000), Code.JSON_NUMBER_TOO_LONG, "body", "at most 64"),
    Case("10,000 digits in quotes", body(quantity='"' + "9" * 10_000 + '"'), Code.NUMBER_TOO_LARGE, "quantity", "15"),
]

FIELDS = [
    Case("typo", body("quantity", qunatity="1"), Code.FIELD_UNKNOWN, "qunatity", "quantity"),
    Case(
        "typo in a nested field",
        body(stop_loss='{"pirce":1}'),
        Code.FIELD_UNKNOWN,
        "stop_loss.pirce",
        "stop_loss.price",
    ),
    Case("another system's field", body("quantity", qty="1"), Code.FIELD_UNKNOWN, "qty", "quantity"),
    Case("another system's case", body(orderType='"market"'), Code.FIELD_UNKNOWN, "orderType", "order_type"),
    Case("the subject's strategy", body(strategy='"momentum"'), Code.FIELD_UNKNOWN, "strategy", "signals.<strategy>"),
    Case("a credential", body(secret='"hunter2"'), Code.FIELD_UNKNOWN, "secret", "never put a credential"),
    Case("a field of one's own", body(zz_mine="1"), Code.FIELD_UNKNOWN, "zz_mine", "extra"),
    Case("a field that forges a log line", body(**{r"a\nb": "1"}), Code.FIELD_UNKNOWN, r'"a\nb"', "extra"),
    Case(
        "template",
        body(quantity='"{{strategy.order.contracts}}"'),
        Code.TEMPLATE_UNEXPANDED,
        "quantity",
        "the value itself",
    ),
    Case(
        "template without quotes",
        body(quantity="{{strategy.order.contracts}}"),
        Code.TEMPLATE_UNEXPANDED,
        "body",
        "the value",
    ),
    Case("template inside a text", body(id='"m-{{timenow}}"'), Code.TEMPLATE_UNEXPANDED, "id", "the value itself"),
    Case(
        "template in a list", body(tags='["a","{{interval}}"]'), Code.TEMPLATE_UNEXPANDED, "tags[1]", "the value itself"
    ),
    Case("template as a key", body(**{"{{plot_0}}": "1"}), Code.TEMPLATE_UNEXPANDED, "body", "the value itself"),
    Case("escaped template", body(id=r'"\u007b\u007bticker}}"'), Code.TEMPLATE_UNEXPANDED, "id", "the value itself"),
    Case("template not closed", body(symbol='"{{ticker"'), Code.TEMPLATE_UNEXPANDED, "symbol", "the value itself"),
    Case("schema 2", body(schema="2"), Code.SCHEMA_UNKNOWN, "schema", "the number 1"),
    Case("schema 1.0", body(schema="1.0"), Code.SCHEMA_UNKNOWN, "schema", "the number 1"),
    Case("schema as a text", body(schema='"1"'), Code.WRONG_TYPE, "schema", "the number 1"),
    Case("reduce_only as a text", body(reduce_only='"true"'), Code.WRONG_TYPE, "reduce_only", "without quotes"),
    Case("reduce_only as a number", body(reduce_only="1"), Code.WRONG_TYPE, "reduce_only", "true or false"),
    Case("tags as a text", body(tags='"a"'), Code.WRONG_TYPE, "tags", "a list"),
    Case("a number among the tags", body(tags='["a",1]'), Code.WRONG_TYPE, "tags[1]", '"1"'),
    Case("17 tags", body(tags="[" + ",".join(['"a"'] * 17) + "]"), Code.TOO_MANY, "tags", "at most 16"),
    Case("an empty tag", body(tags='[""]'), Code.TEXT_INVALID, "tags[0]", "1 to 64"),
    Case("a newline in a tag", body(tags=r'["a\nb"]'), Code.TEXT_INVALID, "tags[0]", "printable"),
    Case("extra as a list", body(extra="[]"), Code.WRONG_TYPE, "extra", "an object"),
    Case("execution as a text", body(execution='"twap"'), Code.WRONG_TYPE, "execution", "an object"),
    Case("stop_loss as a number", body(stop_loss="180"), Code.WRONG_TYPE, "stop_loss", "price or percent"),
    Case("take_profit as an object", body(take_profit='{"price":200}'), Code.WRONG_TYPE, "take_profit", "a list"),
    Case("a profit as a number", body(take_profit="[200]"), Code.WRONG_TYPE, "take_profit[0]", "price or percent"),
    Case("9 profits", body(take_profit="[" + ",".join(["{}"] * 9) + "]"), Code.TOO_MANY, "take_profit", "at most 8"),
    Case("account in capitals", body(account='"Main"'), Code.NAME_INVALID, "account", "a-z"),
    Case("account with a dot", body(account='"a.*"'), Code.NAME_INVALID, "account", "a-z"),
    Case(
        "a size without a method",
        body("quantity", size='{"value":1}'),
        Code.FIELD_MISSING,
        "size.method",
        "percent_of_equity",
    ),
]

MONEY = [
    Case(f"quantity {raw:.20}", body(quantity=raw), code, "quantity", expected)
    for raw, code, expected in (
        ('"NaN"', Code.NUMBER_NOT_FINITE, "plain digits"),
        ('"sNaN"', Code.NUMBER_NOT_FINITE, "plain digits"),
        ('"Infinity"', Code.NUMBER_NOT_FINITE, "plain digits"),
        ('"1e999999"', Code.NUMBER_INVALID, "written out"),
        ("1e999999", Code.NUMBER_INVALID, "written out"),
        ("0", Code.NUMBER_NOT_POSITIVE, "more than zero"),
        ("-0", Code.NUMBER_NOT_POSITIVE, "more than zero"),
        ('"-0"', Code.NUMBER_NOT_POSITIVE, "more than zero"),
        ("-5", Code.NUMBER_NOT_POSITIVE, "more than zero"),
        ('"1,5"', Code.NUMBER_INVALID, "a point"),
        ('"1_000"', Code.NUMBER_INVALID, "digits alone"),
        ('" 1 "', Code.NUMBER_INVALID, "plain digits"),
        ('"١٢"', Code.NUMBER_INVALID, "0 to 9"),
        ("true", Code.WRONG_TYPE, "a number"),
        ("null", Code.WRONG_TYPE, "leave the field out"),
        ('""', Code.NUMBER_INVALID, "plain digits"),
        ("[10]", Code.WRONG_TYPE, "a number"),
        ("0.1000000000000001", Code.NUMBER_TOO_PRECISE, "never rounded"),
        ("0.30000000000000004", Code.NUMBER_TOO_PRECISE, "at most 12"),
        ("1e-30", Code.NUMBER_INVALID, "written out"),
        ("1000000000000000", Code.NUMBER_TOO_LARGE, "at most 15"),
    )
] + [
    Case(
        "limit_price zero",
        body(**PRICED | {"limit_price": "0"}),
        Code.NUMBER_NOT_POSITIVE,
        "limit_price",
        "more than zero",
    ),
    Case("price as true", body(price="true"), Code.WRONG_TYPE, "price", "a number"),
    Case("confidence 1.5", body(confidence="1.5"), Code.NUMBER_OUT_OF_RANGE, "confidence", "at most 1"),
    Case("confidence below 0", body(confidence="-0.1"), Code.NUMBER_NEGATIVE, "confidence", "zero or more"),
    Case(
        "a part above 1",
        body(take_profit='[{"price":1,"part":2}]'),
        Code.NUMBER_OUT_OF_RANGE,
        "take_profit[0].part",
        "at most 1",
    ),
    Case(
        "a trail of 101 percent",
        body(trail='{"percent":101}'),
        Code.NUMBER_OUT_OF_RANGE,
        "trail.percent",
        "at most 100",
    ),
    Case("quantity and notional", body(notional="100"), Code.SIZE_AMBIGUOUS, "notional", "exactly one of"),
    Case("neither", body("quantity"), Code.SIZE_MISSING, "quantity", "quantity or notional or size"),
    Case(
        "price on a market order",
        body(limit_price="1"),
        Code.ORDER_PRICE_NOT_ALLOWED,
        "limit_price",
        "order_type limit",
    ),
    Case(
        "no price on a limit order", body(order_type='"limit"'), Code.ORDER_PRICE_MISSING, "limit_price", "limit_price"
    ),
    Case(
        "buy stop below the price",
        body(order_type='"stop"', stop_price="180", price="190"),
        Code.STOP_WRONG_SIDE,
        "stop_price",
        "above the price",
    ),
]

IDS_AND_TIMES = [
    *(
        Case(f"id {raw:.12}", body(id=raw), Code.ID_INVALID, "id", "1 to 64 of")
        for raw in ('""', f'"{"x" * 65}"', r'"a\n"', '"../x"', '"*"', '"a>"', '".a"', '"a b"', '"é"')
    ),
    Case("id with NUL", body(id=r'"a\u0000b"'), Code.JSON_NUL, "body", "without"),
    Case("id as a number", body(id="17"), Code.WRONG_TYPE, "id", '"17"'),
    Case("no id", body("id"), Code.FIELD_MISSING, "id", '"id": "momentum-2026-03-09-1"'),
    Case("no symbol", body("symbol"), Code.FIELD_MISSING, "symbol", '"symbol": "AAPL"'),
    Case("no action", body("action"), Code.FIELD_MISSING, "action", '"action": "buy"'),
    Case("naive time", body(timestamp='"2026-03-09T14:30:00"'), Code.TIME_NO_ZONE, "timestamp", "a zone at the end"),
    Case("epoch seconds", body(timestamp="1741530600"), Code.TIME_EPOCH, "timestamp", '"2025-03-09T14:30:00Z"'),
    Case("epoch milliseconds", body(timestamp="1741530600000"), Code.TIME_EPOCH, "timestamp", '"2025-03-09T14:30:00Z"'),
    Case("epoch in quotes", body(valid_until='"1741530600"'), Code.TIME_EPOCH, "valid_until", '"2025-03-09T14:30:00Z"'),
    Case("epoch as a fraction", body(timestamp="1741530600.25"), Code.TIME_EPOCH, "timestamp", "2025-03-09T14:30:00Z"),
    Case("leap second", body(timestamp='"2016-12-31T23:59:60Z"'), Code.TIME_LEAP_SECOND, "timestamp", "second before"),
    Case("year 0", body(timestamp='"0000-01-01T00:00:00Z"'), Code.TIME_OUT_OF_RANGE, "timestamp", "2026"),
    Case("offset +24:00", body(timestamp='"2026-03-09T14:30:00+24:00"'), Code.TIME_INVALID, "timestamp", "up to 14:00"),
    Case("time as true", body(timestamp="true"), Code.WRONG_TYPE, "timestamp", "2026-03-09T14:30:00Z"),
    Case(
        "over before it began",
        body(timestamp='"2026-03-09T14:30:00Z"', valid_until='"2026-03-09T15:30:00+01:00"'),
        Code.TIME_ORDER,
        "valid_until",
        "a later time",
    ),
]

SYMBOLS_AND_WORDS = [
    Case("lower case", body(symbol='"aapl"'), Code.SYMBOL_INVALID, "symbol", '"AAPL"'),
    Case("exchange prefix", body(symbol='"NASDAQ:AAPL"'), Code.SYMBOL_INVALID, "symbol", '"AAPL"'),
    Case("underscore", body(symbol='"BTC_USDT"'), Code.SYMBOL_INVALID, "symbol", '"BTC/USDT"'),
    Case("homoglyph", body(symbol='"\u0410APL"'), Code.SYMBOL_INVALID, "symbol", '"AAPL"'),
    Case("wildcard", body(symbol='">"'), Code.SYMBOL_INVALID, "symbol", "capital letters"),
    Case("symbol as null", body(symbol="null"), Code.WRONG_TYPE, "symbol", "leave the field out"),
    *(
        Case(f"action {word}", body(action=f'"{word}"'), Code.WORD_UNKNOWN, "action", right)
        for word, right in (
            ("BUY", '"buy"'),
            ("Buy ", '"buy"'),
            ("long", '"buy"'),
            ("short", '"sell"'),
            ("EXIT", '"close"'),
            ("flatten", '"close"'),
            ("seel", '"sell"'),
            ("hold", "one of buy, sell, close, reduce, target, cancel, replace"),
            ("", "one of buy, sell, close"),
        )
    ),
    Case("action as true", body(action="true"), Code.WRONG_TYPE, "action", "a text"),
    Case("order type of another system", body(order_type='"LMT"'), Code.WORD_UNKNOWN, "order_type", '"limit"'),
    Case("order type with a hyphen", body(order_type='"stop-limit"'), Code.WORD_UNKNOWN, "order_type", '"stop_limit"'),
    Case("unknown order type", body(order_type='"iceberg"'), Code.WORD_UNKNOWN, "order_type", "one of market, limit"),
    Case("time in force in capitals", body(time_in_force='"GTC"'), Code.WORD_UNKNOWN, "time_in_force", '"gtc"'),
    Case(
        "unknown time in force", body(time_in_force='"forever"'), Code.WORD_UNKNOWN, "time_in_force", "one of day, gtc"
    ),
    Case(
        "a bracket that cannot hold",
        body(stop_loss='{"price":195}', take_profit='[{"price":190}]'),
        Code.BRACKET_IMPOSSIBLE,
        "take_profit[0].price",
        "above its stop loss",
    ),
    Case(
        "stop loss on the wrong side",
        body(**PRICED, stop_loss='{"price":191}'),
        Code.STOP_LOSS_WRONG_SIDE,
        "stop_loss.price",
        "below its entry",
    ),
]

CASES = [*JSON, *FIELDS, *MONEY, *IDS_AND_TIMES, *SYMBOLS_AND_WORDS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_bad_input_is_named_with_what_would_be_right(case: Case) -> None:
    refusal = refusal_of(case.raw)

    assert (refusal.code, refusal.field) == (case.code, case.field)
    assert case.expected in refusal.expected
    assert refusal.message.startswith(f"{case.field}: ")
    assert len(refusal.message) + len(refusal.expected) < 400
    assert refusal.message.isprintable()
    assert refusal.expected.isprintable()


def test_the_good_body_is_good() -> None:
    assert parse_signal("momentum", body()).quantity == 10


def test_a_template_inside_extra_is_kept() -> None:
    assert parse_signal("momentum", body(extra='{"a":"{{x}}"}')).extra == {"a": "{{x}}"}


def test_both_ways_to_write_a_pair_are_symbols() -> None:
    assert [parse_signal("m", body(symbol=f'"{symbol}"')).symbol for symbol in ("BTC/USDT", "BTCUSDT")] == [
        "BTC/USDT",
        "BTCUSDT",
    ]


@pytest.mark.parametrize("strategy", ["", "Momentum", "a.b", "*", "a\n"])
def test_a_subject_that_names_no_strategy_is_refused(strategy: str) -> None:
    with pytest.raises(SignalInvalid) as caught:
        parse_signal(strategy, body())
    assert (caught.value.refusal.code, caught.value.refusal.field) == (Code.NAME_INVALID, "strategy")


def test_the_longest_lists_are_taken() -> None:
    tags = "[" + ",".join(['"a"'] * 16) + "]"
    targets = "[" + ",".join(f'{{"price":{200 + n},"part":"0.125"}}' for n in range(8)) + "]"
    signal = parse_signal("momentum", body(tags=tags, take_profit=targets))
    assert (len(signal.tags), len(signal.take_profit)) == (16, 8)
