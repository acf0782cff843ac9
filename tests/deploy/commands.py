"""What the manifests start in the image, and how a program is asked whether it knows its words."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from tests.deploy.rendering import K8S, WORKLOADS, Manifest, containers_of, name_of, of_kind, render

WRONG_LEVEL = ("env", "TRADEWIRE_LOG_LEVEL=loud")
"""Whatever reads settings is not to start with this one, and says which it is."""


class Question(Struct, frozen=True):
    """A command that ends at once, the code that it ends with, and what it says to whoever has the right program."""

    command: tuple[str, ...]
    code: int
    said: tuple[str, ...]

    def answered(self, code: int, heard: str) -> bool:
        """Whether that is what the right program says; `--user` is no part of `--users`."""
        return code == self.code and all(re.search(rf"{re.escape(word)}(?![\w-])", heard) for word in self.said)


def started() -> dict[tuple[str, ...], str]:
    """Every command of every container, its probes and its hooks, with one of the objects that it stands in.

    Of both overlays and the examples, and of each base by itself, because not every base is in one of them.
    """
    folders = sorted(
        path.parent
        for part in ("base/*", "overlays/*", "examples/**")
        for path in K8S.glob(f"{part}/kustomization.yaml")
    )
    return {
        words: f"{folder.name}: {name_of(workload)}"
        for folder in folders
        for workload in of_kind(render(folder), *WORKLOADS)
        for container in containers_of(workload)
        for words in _of(container)
    }


def _of(container: Manifest) -> Iterator[tuple[str, ...]]:
    yield (*container.get("command", ()), *container.get("args", ()))
    yield from _executed({key: value for key, value in container.items() if key not in {"command", "args", "env"}})


def _executed(found: Any) -> Iterator[tuple[str, ...]]:
    """What `exec` of probes and hooks runs, however deep it stands."""
    if isinstance(found, list):
        for each in found:
            yield from _executed(each)
    elif isinstance(found, dict):
        for key, value in found.items():
            if key == "exec":
                yield tuple(value["command"])
            else:
                yield from _executed(value)


def question(words: tuple[str, ...]) -> Question:
    """How to ask for a command of a manifest. Raises ValueError for a program that nobody has thought of."""
    program, *rest = words
    names = [word for word in rest if not word.startswith("-")]
    options = tuple(word.partition("=")[0] for word in rest if word.startswith("-"))
    if program == "sleep":
        return Question(("sleep", "0"), 0, ())
    if program == "tradewire":
        return Question(("env", "COLUMNS=200", "tradewire", *names, "--help"), 0, options)
    if program.startswith("tradewire-"):
        return Question((*WRONG_LEVEL, *words), 2, ("log.level", "loud"))
    raise ValueError(f"{program}: say here how it is asked")
