"""The settings of an adapter: read from `accounts.NAME` by the fields that it declares, and its secrets.

A secret never stands in the settings: it is read from a file that the settings name, or from the environment.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tradewire.domain.nearest import nearest
from tradewire.domain.quoting import quoted
from tradewire.errors import ConfigError
from tradewire.secret_files import read_secret
from tradewire.settings import Account
from tradewire_router.brokers.values import ConfigField

HIDDEN = "[redacted]"
OF_EVERY_BROKER: Final = (
    ConfigField(
        name="dry_run",
        label="Dry run",
        type="checkbox",
        default="false",
        help="true: all goes on as else, but what passes every risk check is denied (DRY_RUN) and nothing is sent",
    ),
)
"""Settings of `accounts.NAME` that a form offers whatever the broker, before those that its adapter declares.

They are read with the account, so an adapter neither declares nor sees them."""


class EnvironmentMismatchError(ConfigError):
    """A key or an address shows by itself that it is of another environment than the account's settings say."""


class Secret:
    """A text that no log, no repr and no error shows. `shown` is what is told of it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def reveal(self) -> str:
        """The text itself, for whoever sends it to the broker."""
        return self._text

    def hidden_in(self, text: str) -> str:
        """A text of somebody else's, in which the secret does not stand."""
        return text.replace(self._text, HIDDEN) if self._text else text


class Options:
    """What an account says to its adapter, checked against the fields that the adapter declares."""

    def __init__(self, name: str, account: Account, fields: Sequence[ConfigField]) -> None:
        """Takes `accounts.<name>`, with its environment among the fields.

        Raises:
            ConfigError: for a key that is no field, a value that a field cannot have, or a field that is missing.
        """
        self._key = f"accounts.{name}"
        self._fields = {field.name: field for field in fields}
        given = dict(account.options)
        if "environment" in self._fields:
            given["environment"] = account.environment
        files = {f"{field.name}_file" for field in fields if field.secret}
        self._given = given
        for key, value in given.items():
            field = self._fields.get(key)
            if field is None and key not in files:
                near = nearest(key, {*self._fields, *files})
                fix = f"Did you mean {near[0]}?" if near else f"It has {', '.join(sorted(self._fields))}."
                raise ConfigError(f"{self._key}.{key}", f"is not a setting of {account.broker}", fix)
            if field is not None:
                self._verify(field, value)
        for field in fields:
            if field.required and not field.secret and not self.text(field.name):
                raise ConfigError(f"{self._key}.{field.name}", "is missing", field.help or f"Set {field.label}.")

    def key(self, field: str) -> str:
        """How a field is written in the settings, for errors."""
        return f"{self._key}.{field}"

    def text(self, field: str) -> str:
        """A field's value, or its default; empty when it has neither."""
        return self._given.get(field) or self._fields[field].default or ""

    def number(self, field: str) -> int:
        """A field of digits."""
        return int(self.text(field))

    def secret(self, field: str, env: Mapping[str, str] | None = None) -> Secret:
        """A secret, from the file that `<field>_file` names, else from the environment variable of the field.

        Raises:
            ConfigError: there is none, or the file cannot be read, is empty, or is for everybody to read.
        """
        env, variable = os.environ if env is None else env, self._fields[field].variable
        name = self._given.get(f"{field}_file", "")
        if not name:
            if not (text := env.get(variable, "").strip()):
                fix = f"Set {variable} in the environment, or name a file that holds it in {field}_file."
                raise ConfigError(self.key(field), "is missing", fix)
            return Secret(text)
        label = self._fields[field].label.lower()
        text = read_secret(
            Path(name),
            self.key(f"{field}_file"),
            missing="Check the path and its permissions.",
            empty=f"Write the {label} into it.",
        )
        return Secret(text)

    def _verify(self, field: ConfigField, value: str) -> None:
        key = self.key(field.name)
        if field.secret:
            fix = f"Put it into a file for your eyes alone, and name that in {field.name}_file."
            raise ConfigError(key, "is a secret, and the settings are no place for one", fix)
        if field.type == "select" and value not in field.options:
            raise ConfigError(key, f"is {quoted(value)}", f"Write {' or '.join(field.options)}.")
        if field.type == "number" and not (value.isascii() and value.isdecimal() and len(value) <= 9 and int(value)):
            raise ConfigError(key, f"is {quoted(value)}, which is not a whole number above zero", "Write digits alone.")
        if field.type == "checkbox" and value not in {"true", "false"}:
            raise ConfigError(key, f"is {quoted(value)}", "Write true or false.")
