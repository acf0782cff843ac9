"""How a value from outside is shown in a message: quoted, ASCII only, and cut, so that it cannot forge a log line."""

import json

SHOWN_LENGTH = 40
"""Characters of a foreign value that a message repeats."""


def quoted(text: str) -> str:
    """Returns the text between double quotes; other characters than ASCII become `\\u` escapes."""
    return json.dumps(text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "...")
