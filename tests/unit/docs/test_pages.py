"""Whatever the pages name is there: links, targets, commands, options, metrics, settings, files, workloads."""

import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.unit.docs import there
from tests.unit.docs.pages import ROOT, Page, pages, read

# Behind `--`, a separator, or at the beginning; and by the alias that the quick start gives.
_START = r"(?:^|(?<=-- )|(?<=; )|(?<=&& )|(?<=\| )|(?<=\$\())"
_TRADEWIRE = re.compile(rf"{_START}(?:tradewire|tw)(?: ([^;|&)]*))?$|{_START}(?:tradewire|tw) ([^;|&)]*)")
_MAKE = re.compile(rf"{_START}make ([^;|&)]*)")
_HISTORY = ("CHANGELOG.md", "docs/adr/")
"""These tell of what was, so that names in them may be gone."""


@cache
def page(path: str) -> Page:
    return next(each for each in pages() if each.path == path)


def links(one: Page) -> Iterator[str]:
    for link in one.links:
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        found = (ROOT / one.path).parent / target
        if not found.exists():
            yield f"the link {link} leads nowhere"
        elif anchor and not target and anchor not in one.anchors:
            yield f"this page has no heading #{anchor}"
        elif anchor and found.suffix == ".md" and anchor not in read(target, found.read_text()).anchors:
            yield f"{target} has no heading #{anchor}"


def commands(one: Page) -> Iterator[str]:
    for line in one.code:
        for found in _TRADEWIRE.finditer(line):
            yield from there.wrong_command(found[1] or found[2] or "--help")


def targets(one: Page) -> Iterator[str]:
    for line in one.code:
        for found in _MAKE.finditer(line):
            yield from there.wrong_make(found[1])


def metrics(one: Page) -> Iterator[str]:
    for text in (*one.spans, *(fence.text for fence in one.fences)):
        for name in re.findall(r"(?<![\w./-])tradewire_[a-z0-9_]+(?![\w.]*[.:/]\w)", text):
            if not there.is_metric(name):
                yield f"there is no metric {name}"


def settings(one: Page) -> Iterator[str]:
    for text in (*one.spans, *(fence.text for fence in one.fences)):
        for name in re.findall(r"\bTRADEWIRE_[A-Z0-9_]*[A-Z0-9]\b", text):
            if not there.is_variable(name):
                yield f"there is no variable {name}"
    for span in one.spans:
        if re.fullmatch(r"[a-z]+(\.[A-Za-z_]+)+", span) and there.is_setting(span) is False:
            yield f"there is no setting {span}"
    for fence in one.fences:
        if fence.kind == "toml":
            yield from there.wrong_toml(fence.text)


def files(one: Page) -> Iterator[str]:
    for line in one.code:
        for path in re.findall(r"(?<![\w./-])(?:deploy|tests|services|libs|bench|docs|requirements)/[\w./*-]*\w", line):
            kind, _, name = path.partition("/")
            if kind == "deploy" and "/" not in name and name in there.workloads():
                continue
            if not there.path_is_there(path) and not there.path_is_there(f"deploy/k8s/{path}"):
                yield f"there is no {path}"
        for name in re.findall(r"(?<!\w)(?:deployment|statefulset|cronjob)/([\w-]+)", line):
            if name not in there.workloads() and name != "prometheus":
                yield f"nothing in a cluster is called {name}"


CHECKS: tuple[Callable[[Page], Iterator[str]], ...] = (links, commands, targets, metrics, settings, files)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("path", [each.path for each in pages()])
def test_what_a_page_names_is_there(path: str, check: Callable[[Page], Iterator[str]]) -> None:
    if check is not links and path.startswith(_HISTORY):
        pytest.skip("a page of history")
    assert not list(dict.fromkeys(check(page(path))))


@pytest.mark.parametrize(
    ("check", "text", "said"),
    [
        (links, "[a](nowhere.md)", "leads nowhere"),
        (links, "[a](docs/how-to/runbook.md#nothing)", "no heading"),
        (links, "[a](#nothing)\n\n# Something", "no heading"),
        (commands, "`tradewire instruments show`", "no command `tradewire instruments show`"),
        (commands, "```sh\ntradewire sned buy\n```", "no command `tradewire sned`"),
        (commands, "```sh\nkubectl exec deploy/desk -- tradewire send \\\n   --quantty 3\n```", "no option --quantty"),
        (commands, "`tradewire backup list --every`", "no option --every"),
        (targets, "`make tset`", "no target tset"),
        (targets, "```\nmake check prove tset\n```", "no target tset"),
        (targets, "```sh\nmake k8s-apply OVERLY=dev\n```", "no variable OVERLY"),
        (targets, '`make bench ARGS="--grwth 100"`', "no option --grwth"),
        (metrics, "`tradewire_ledger_heads`", "no metric tradewire_ledger_heads"),
        (metrics, "```yaml\nexpr: rate(tradewire_nothing_total[5m])\n```", "no metric tradewire_nothing_total"),
        (settings, "`nats.replica`", "no setting nats.replica"),
        (settings, "`accounts.NAME.dryrun`", "no setting accounts.NAME.dryrun"),
        (settings, "`TRADEWIRE_NATS_REPLICA`", "no variable TRADEWIRE_NATS_REPLICA"),
        (settings, "```toml\n[nats]\nreplica = 3\n```", "no setting nats.replica"),
        (settings, "```toml\n[accounts.a]\ndryrun = true\n```", "no setting accounts.a.dryrun"),
        (files, "`deploy/k8s/base/nothing`", "no deploy/k8s/base/nothing"),
        (files, "```sh\nkubectl logs deploy/nobody\n```", "no deploy/nobody"),
        (files, "`kubectl rollout restart statefulset/nobody`", "nothing in a cluster is called nobody"),
    ],
)
def test_what_is_not_there_is_seen(check: Callable[[Page], Iterator[str]], text: str, said: str) -> None:
    assert said in "\n".join(check(read("page.md", text)))


def test_nothing_is_said_of_what_is_right() -> None:
    text = """[a](docs/how-to/runbook.md#orders)
`tradewire limits set global max_order_value=5 --reason "…"` `tradewire account paper` `tradewire halt --reason "a; b"`
`make bench ARGS="--growth 1000"` `tradewire_ledger_…` `nats.url` `accounts.NAME.dry_run` `TRADEWIRE_CONFIG`
`kubectl -n tradewire exec deploy/desk -- tradewire status` `deploy/k8s/base` `tradewire_owner`"""
    assert not [said for check in CHECKS for said in check(read("page.md", text))]
