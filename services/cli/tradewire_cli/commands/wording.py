"""What is wrong with a signal, for whoever has written it as options and not as JSON."""

import re
from typing import Final

from tradewire.messages.signal_fields import FIELDS

_FIELD: Final = re.compile(r'such as "(\w+)": "?([^"{\[]+)"?\Z')


def as_option(said: str) -> str:
    """Names what is missing as an option: `such as "symbol": "AAPL"` becomes `such as --symbol AAPL`."""
    found = _FIELD.search(said)
    if found is None or found[1] not in FIELDS:
        return said
    return f"{said[: found.start()]}such as --{found[1].replace('_', '-')} {found[2]}"
