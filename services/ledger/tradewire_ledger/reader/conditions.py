"""The `where` of a query: fixed conditions over numbered arguments, as many as were asked for."""

from typing import Any


class Conditions:
    """Collects conditions; each is written with `$$` where its argument's number goes."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self.arguments: list[Any] = []

    def add(self, text: str, *arguments: Any) -> None:
        """Adds a condition that must hold."""
        for argument in arguments:
            text = text.replace("$$", self.argument(argument), 1)
        self._texts.append(text)

    def where(self, text: str, value: Any) -> None:
        """Adds a condition with one argument, unless the value is the one that filters nothing."""
        if value not in ("", None):
            self.add(text, value)

    def argument(self, value: Any) -> str:
        """Takes an argument and returns its number, such as `$3`."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    @property
    def text(self) -> str:
        """The conditions, joined; true when there are none."""
        return " and ".join(self._texts) or "true"
