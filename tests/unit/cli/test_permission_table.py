"""The table of the test on a server is complete: every user of the template, every right, every subject of the code."""

import ast
import inspect
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib.util import find_spec
from itertools import product
from pathlib import Path

import pytest

from tests.integration.up.permission_table import (
    NOBODYS,
    PERSON,
    PRODUCT,
    SERVICES,
    STRATEGY,
    USERS,
    allowed,
    asked,
    is_pattern,
)
from tradewire import subjects
from tradewire.permissions import PROBED_SERVERS, SERVICE_USERS, permissions_of
from tradewire_cli.engines.nats_config import users_config

NO_SUBJECTS = {"sender", "token", "log_stream"}
"""Functions of `tradewire.subjects` that give something else."""
WRITERS = ("ingest", "risk", "router")
ARGUMENTS = {
    "shard": ("main",), "strategy": ("momo",), "person": ("anna",), "writer": WRITERS, "what": ("*",),
    "account": ("paper",), "event_type": ("OrderFilled",), "order": ("x",), "venue": ("sim",), "symbol": ("AAPL",),
    "verb": ("halt", "kill", "cancel", "approve", "resume"),
    "service": ("ledger", *sorted(SERVICES - {"probe", "feed"})),
}  # fmt: skip
"""What each parameter of a subject is tried with."""
PACKAGES = ("tradewire", "tradewire_ingest", "tradewire_risk", "tradewire_router", "tradewire_ledger", "tradewire_cli")
OPERATORS = {"$JS.API.STREAM.DELETE.*"}
"""What the code asks as `admin` alone."""


def matches(pattern: str, subject: str) -> bool:
    """Whether a pattern covers a subject, which may be a narrower pattern; `*` is a token, or a part of one."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted = wanted[:-1]
        if len(given) <= len(wanted):
            return False
        given = given[: len(wanted)]
    return len(wanted) == len(given) and all(map(fnmatchcase, given, wanted))


def test_every_user_of_the_template_is_in_the_table() -> None:
    told = users_config(dict.fromkeys((*SERVICE_USERS, STRATEGY, PERSON), "UKEY"), "main")
    users = re.findall(r"\{ # (\S+)", told)
    assert sorted(users) == sorted({*USERS, "admin"})
    assert told.count("nkey:") == len(users)


def built() -> Iterator[str]:
    """Every subject that `tradewire.subjects` builds."""
    for name, function in inspect.getmembers(subjects, inspect.isfunction):
        if function.__module__ == subjects.__name__ and not name.startswith("_") and name not in NO_SUBJECTS:
            wanted = [ARGUMENTS[parameter] for parameter in inspect.signature(function).parameters]
            yield from (function(*values) for values in product(*wanted))


@pytest.mark.parametrize("subject", sorted(set(built())))
def test_every_subject_that_is_built_is_in_the_table(subject: str) -> None:
    assert subject in PRODUCT


def api_subjects() -> Iterator[str]:
    """What the code asks JetStream and the server, with `*` for what is filled in."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        for file in Path(spec.origin).parent.rglob("*.py"):
            tree = ast.parse(file.read_text())
            docs = {node.body[0].value for node in ast.walk(tree) if _has_doc(node)}  # type: ignore[attr-defined]
            parts = {value for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr | ast.Constant) and node not in docs and node not in parts:
                    text = _text(node)
                    if re.fullmatch(r"\$(JS|SYS|SRV)\.[^\s{}]+", text):
                        yield text
                    elif re.fullmatch(r"(STREAM|CONSUMER|META|ACCOUNT|DIRECT)(\.[A-Z]+)+(\.[^\s{}]+)?", text):
                        yield f"$JS.API.{text}"


def _has_doc(node: ast.AST) -> bool:
    body = getattr(node, "body", None)
    return isinstance(body, list) and bool(body) and isinstance(body[0], ast.Expr)


def _text(node: ast.JoinedStr | ast.Constant) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)


def test_what_is_asked_of_the_server_is_in_the_table() -> None:
    found = {text for text in api_subjects() if not text.startswith("$JS.API.*")} - OPERATORS
    assert len(found) > 10, "the source was not read"
    rights = {subject for user in SERVICES for subject in allowed(user, "publish") | allowed(user, "subscribe")}
    missing = {text for text in found if not any(matches(text, s) or matches(s, text) for s in rights)}
    assert missing == set()


@pytest.mark.parametrize("verb", ["publish", "subscribe"])
@pytest.mark.parametrize("user", USERS)
def test_every_right_of_the_template_is_in_the_table(user: str, verb: str) -> None:
    rights = permissions_of(user, "main")
    patterns = rights.publish if verb == "publish" else rights.subscribe
    bare = [
        pattern
        for pattern in patterns
        if not any(matches(pattern, subject) for subject in allowed(user, verb) if not is_pattern(subject))
        and not re.fullmatch(rf"(\$JS\.API\.STREAM\.CREATE\.PROBE_|probe\.)[1-{PROBED_SERVERS - 2}]", pattern)
    ]
    assert bare == []
    if verb == "subscribe":  # as it stands, too: that is what the services ask for
        assert set(patterns) <= allowed(user, verb)


def test_what_destroys_a_stream_is_nobodys() -> None:
    for stream in ("LOG_main", "SIGNALS"):
        for verb in ("DELETE", "PURGE", "MSG.DELETE"):
            subject = f"$JS.API.STREAM.{verb}.{stream}"
            assert subject in NOBODYS
            assert subject in asked("publish")
            assert subject not in PRODUCT


def test_risk_does_not_submit_and_the_router_does_not_approve() -> None:
    assert PRODUCT["ledger.main.append.router"].publish == "router"
    assert PRODUCT["ledger.main.append.risk"].publish == "risk"
