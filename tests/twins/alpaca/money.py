"""Numbers as Alpaca writes them: decimals as text without needless zeros, read from JSON numbers or text."""

from decimal import Decimal, InvalidOperation

from tests.twins.alpaca.errors import invalid

ZERO = Decimal(0)
ONE = Decimal(1)


def text(value: Decimal | None) -> str | None:
    """`10.50` becomes `10.5`, None stays None."""
    if value is None:
        return None
    plain = format(value.normalize(), "f")
    return "0" if plain in {"-0", ""} else plain


def cents(value: Decimal) -> str:
    """An amount of money, to at most eight digits behind the point."""
    return text(value.quantize(Decimal("0.00000001"))) or "0"


def number(fields: dict[str, object], name: str) -> Decimal | None:
    """A field that is a JSON number or text; None when it is absent. A RefusedError when it is anything else."""
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        read = Decimal(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    except InvalidOperation:
        read = None
    if read is None or not read.is_finite():
        raise invalid(f"invalid {name}: {value}")
    return read


def positive(fields: dict[str, object], name: str) -> Decimal | None:
    """The same, and above zero."""
    value = number(fields, name)
    if value is not None and value <= ZERO:
        raise invalid(f"{name} must be > 0")
    return value
