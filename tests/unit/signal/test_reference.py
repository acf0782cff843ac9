"""The reference page and the codes, against the code."""

import ast
import inspect
from pathlib import Path

import msgspec

from tradewire.domain import money, names, symbols, times
from tradewire.messages import (
    signal_fields,
    signal_parse,
    signal_readers,
    signal_rules,
    signal_sizes,
    signal_support,
    strict_json,
)
from tradewire.messages.refusals import Code
from tradewire.messages.signal import Signal
from tradewire.messages.signal_reference import signal_reference

PAGE = Path(__file__).parents[3] / "docs/reference/signal.md"
COMMAND = (
    """python -c "from tradewire.messages.signal_reference import signal_reference as page; print(page(), end='')" """
)


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == signal_reference(), f"run: {COMMAND}> docs/reference/signal.md"


def test_the_fields_of_the_table_are_those_of_the_struct() -> None:
    table = [name for name in signal_fields.FIELDS if name != "schema"]
    assert table == [field.name for field in msgspec.structs.fields(Signal) if field.name != "strategy"]


def test_every_code_has_its_own_name_and_a_sentence() -> None:
    for code in Code:
        assert code.value == code.name
        assert (code.__doc__ or "").endswith(".")
    assert msgspec.json.encode(Code.BODY_EMPTY) == b'"BODY_EMPTY"'


def test_the_codes_of_values_are_codes_of_refusals() -> None:
    """Whatever a value function raises has a line in the enumeration, but for spans, which no signal has."""
    used = set()
    for module in (money, names, times, strict_json):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_code(node.value):
                used.add(node.value)
    assert used - {"DURATION_INVALID"} <= set(Code.__members__)
    assert len(used) > 20


def test_every_code_is_used() -> None:
    readers = (strict_json, signal_parse, signal_readers)
    modules = (money, names, symbols, times, *readers, signal_rules, signal_sizes, signal_support)
    text = "".join(inspect.getsource(module) for module in modules)
    unused = {code.name for code in Code if code.name not in text}
    assert unused == {"ACCOUNT_UNKNOWN", "IDEMPOTENCY_CONFLICT", "LEDGER_REFUSED"}, "ingest alone uses these"


def is_code(text: str) -> bool:
    return text.isupper() and "_" in text and text.replace("_", "").isalpha()
