"""What there is: targets, commands and their options, metrics, settings, paths, workloads."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import bench.__main__
import msgspec
import typer

import tests.chaos.__main__
import tests.deploy.image
from tests.deploy.rendering import OVERLAYS, WORKLOADS, of_kind, overlay
from tests.unit.docs.pages import ROOT
from tests.unit.monitoring.known import known
from tradewire.errors import ConfigError
from tradewire.setting_reading import load
from tradewire.settings import Account, Settings, Strategy
from tradewire_cli import app
from tradewire_cli.k8s import secrets
from tradewire_cli.metrics_reference import rows

_PLACEHOLDER: Final = re.compile(r"^[A-Z][A-Z_]*$|…|^<|^\[|^\$")
_SHELL_WORDS: Final = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*')+""")
_ELSEWHERE: Final = (
    "Makefile",
    "Dockerfile",
    "deploy/**/*.y*ml",
    "libs/**/*.py",
    "services/**/*.py",
    ".github/**/*.yml",
    "tests/**/*.py",
)


@cache
def makefile() -> str:
    return (ROOT / "Makefile").read_text()


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z][a-z0-9-]*):", makefile(), re.MULTILINE))


@cache
def commands() -> Any:
    """The command line as typer has it."""
    return typer.main.get_command(app.make([]))


@cache
def _program(target: str) -> Any:
    """The program to which a target gives ARGS, where that is one of ours with options."""
    one = typer.Typer()
    match target:
        case "bench":
            one.command()(bench.__main__.main)
        case "chaos":
            one.command()(tests.chaos.__main__.main)
        case "k8s-secrets":
            one = secrets.app
        case _:
            return None
    return typer.main.get_command(one)


def _options(command: Any) -> set[str]:
    return {name for param in command.params for name in (*param.opts, *param.secondary_opts)} | {"--help", "-h"}


def _unknown_options(command: Any, words: list[str], named: str) -> list[str]:
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return [f"`{named}` has no option {word}" for word in given if word not in _options(command)]


def wrong_make(words: str) -> list[str]:
    """What is wrong with the words behind `make`."""
    found: list[str] = []
    last = ""
    for word in _SHELL_WORDS.findall(words):
        name, equals, value = word.partition("=")
        if equals and re.fullmatch(r"[A-Z_]+", name):
            if not re.search(rf"\$[({{]{name}[)}}]|\b{name}\b *\??=", makefile()):
                found.append(f"the Makefile has no variable {name}")
            elif name == "ARGS" and "$" not in value and (program := _program(last)) is not None:
                found += _unknown_options(program, value.strip("\"'").split(), f"make {last}")
        elif re.fullmatch(r"[a-z][a-z0-9-]*", word):
            last = word
            if word not in targets():
                found.append(f"there is no target {word}")
        elif not _PLACEHOLDER.search(word):
            break
    return found


def wrong_command(words: str) -> list[str]:
    """What is wrong with the words behind `tradewire`."""
    rest = [word.strip("\"'") for word in _SHELL_WORDS.findall(words)]
    command, named = commands(), "tradewire"
    while isinstance(getattr(command, "commands", None), dict):
        if not rest or rest[0].startswith("-") or _PLACEHOLDER.search(rest[0]):
            return _unknown_options(command, rest[:1], named)
        if rest[0] in command.commands:
            named, command = f"{named} {rest[0]}", command.commands[rest[0]]
            rest = rest[1:]
        elif hasattr(command, "_meant"):
            command = next(iter(command.commands.values()))
        else:
            return [f"there is no command `{named} {rest[0]}`"]
    return _unknown_options(command, rest, named)


@cache
def metrics() -> frozenset[str]:
    """Every series and every metric's own name."""
    return frozenset(known()) | {row.name for row in rows()} | {f"{name}_sum" for name in _histograms()}


def _histograms() -> Iterator[str]:
    return (row.name for row in rows() if row.kind == "histogram")


@cache
def other_names() -> frozenset[str]:
    """What else begins with `tradewire_`: packages, roles of the database, and labels of pods."""
    packages = {path.parent.name for path in ROOT.glob("*/*/tradewire_*/__init__.py")} | {"tradewire_equal_weight"}
    sql = (ROOT / "services/cli/tradewire_cli/engines/roles.sql").read_text()
    roles = set(re.findall(r"tradewire_\w+", sql))
    labels = {f"tradewire_{name}" for name in re.findall(r"\btradewire/([a-z]+)", _source())}
    return frozenset(packages | roles | labels)


def is_metric(name: str) -> bool:
    """Whether a name is a metric or another name that there is; one that ends with `_` is the beginning of some."""
    if name.endswith("_"):
        return any(each.startswith(name) for each in metrics())
    return name in metrics() or name in other_names()


@cache
def _source() -> str:
    own = Path(__file__).parent
    files = (path for pattern in _ELSEWHERE for path in sorted(ROOT.glob(pattern)) if own not in path.parents)
    return "\n".join(path.read_text() for path in files)


@cache
def is_variable(name: str) -> bool:
    """Whether the settings know a variable, or something else in the sources reads it."""
    try:
        load(None, {name: "x"})
    except ConfigError as error:
        return error.problem != "is not a setting" or bool(re.search(rf"\b{name}\b", _source()))
    return True


def _fields(struct: Any) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


@cache
def _brokers_settings() -> str:
    """The generated page has every setting that an adapter declares; that of the example is in its own code."""
    example = (ROOT / "examples/broker_adapter/tradewire_pebble/adapter.py").read_text()
    return (ROOT / "docs/reference/brokers.md").read_text() + re.sub(r'name="(\w+)"', r"`\1`", example)


def _of_account(key: str) -> bool:
    return key in _fields(Account) or f"`{key}`" in _brokers_settings() or key in _fields(Settings)


def is_setting(name: str) -> bool | None:
    """Whether there is a setting `section.key`; None for what is no setting's name."""
    section, _, key = name.partition(".")
    sections = _fields(Settings)
    if section == "accounts" and (found := re.fullmatch(r"[A-Za-z]+\.([a-z_]+)", key)):
        return _of_account(found[1])
    if section == "strategies" and (found := re.fullmatch(r"[A-Za-z]+\.([a-z_]+)", key)):
        return found[1] in _fields(Strategy)
    struct = sections.get(section)
    if not (isinstance(struct, type) and issubclass(struct, msgspec.Struct)) or not re.fullmatch(r"[a-z_]+", key):
        return None
    return key in _fields(struct)


def wrong_toml(text: str) -> list[str]:
    """What is wrong with a block of settings; a piece from the middle of a section is not looked at."""
    if not re.search(r"^\[", text, re.MULTILINE):
        return []
    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return [f"is no TOML: {error}"]
    sections = _fields(Settings)
    if not set(read) & set(sections):
        return []
    # `[limits]` is a file's of `tradewire risk replay`, which may hold settings as well.
    found = [f"there is no setting {name}" for name in read if name not in sections and name != "limits"]
    for section, kind in sections.items():
        body = read.get(section)
        if isinstance(body, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            found += [f"there is no setting {section}.{key}" for key in body if key not in _fields(kind)]
    for name, body in read.get("strategies", {}).items():
        found += [f"there is no setting strategies.{name}.{key}" for key in body if key not in _fields(Strategy)]
    for name, body in read.get("accounts", {}).items():
        found += [f"there is no setting accounts.{name}.{key}" for key in body if not _of_account(key)]
    return found


@cache
def workloads() -> frozenset[str]:
    """The names of what runs in a cluster, of both overlays and of the components."""
    rendered = {each["metadata"]["name"] for name in OVERLAYS for each in of_kind(overlay(name), *WORKLOADS)}
    written = set(re.findall(r"kind: (?:Deployment|StatefulSet|CronJob)\nmetadata:\n  name: ([\w-]+)", _source()))
    return frozenset(rendered | written)


def path_is_there(path: str) -> bool:
    return (ROOT / path).exists() or bool(list(Path(ROOT).glob(path)) if "*" in path else ())
