"""The repository's pages: their links, and what stands in them as code."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from msgspec import Struct

ROOT: Final = Path(__file__).parents[3]
_FENCE: Final = re.compile(r"^( *)```([\w-]*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_SPAN: Final = re.compile(r"`([^`\n]+(?:\n[^`\n]+)?)`")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


class Fence(Struct, frozen=True):
    """A block of code, and what it says it is: `sh`, `toml`, or nothing."""

    kind: str
    text: str


class Page(Struct, frozen=True):
    """A page by its path from the root, in three parts: its blocks, its spans, and the rest."""

    path: str
    fences: tuple[Fence, ...]
    spans: tuple[str, ...]
    prose: str

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The names under which headings can be linked to, as GitHub makes them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    @property
    def code(self) -> list[str]:
        """Every line of shell, and every span on one line."""
        return [
            line for fence in self.fences if fence.kind in {"", "sh", "bash", "console"} for line in lines(fence.text)
        ] + [" ".join(span.split()) for span in self.spans]


def _anchor(heading: str) -> str:
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def lines(text: str) -> list[str]:
    """Commands as a shell takes them: what goes on over several lines is one, and remarks are gone."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [re.sub(r"(^|\s)#.*$", "", line).strip() for line in joined.splitlines()]


def read(path: str, text: str) -> Page:
    fences = tuple(Fence(kind, body) for _, kind, body in _FENCE.findall(text))
    rest = _FENCE.sub("", text)
    # What is code is no link, but stays as text where it is a link's or a heading's words.
    return Page(path, fences, tuple(_SPAN.findall(rest)), rest)


@cache
def pages() -> tuple[Page, ...]:
    """README and its like, docs, and the README of each folder."""
    return tuple(read(path.relative_to(ROOT).as_posix(), path.read_text()) for path in _files())


def _files() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.md"))
    for folder in ("docs", "services", "libs", "examples", "deploy", "bench", "requirements"):
        yield from sorted(path for path in (ROOT / folder).rglob("*.md") if ".venv" not in path.parts)
