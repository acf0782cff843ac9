"""What the image is made of: the part of the locks that it installs, and what is known against it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from requirements import audit
from requirements.only import environment, only

ROOT = Path(__file__).parents[2]
_HASH = "--hash=sha256:" + "a" * 64
LOCK = f"""\
numpy==2.4.6 ; python_full_version < '3.12' \\
    {_HASH}
numpy==2.5.5 ; python_full_version >= '3.12' \\
    {_HASH} \\
    {_HASH}
colorama==0.4.6 ; sys_platform == 'win32' \\
    {_HASH}
rich==15.0.0 \\
    {_HASH}
"""


def kept(python: str, system: str) -> list[str]:
    return [pin.split()[0] for pin in only(LOCK, environment(python, system))]


def test_of_a_lock_for_all_the_lines_of_one_python_on_one_system_are_kept() -> None:
    assert kept("3.11", "linux") == ["numpy==2.4.6", "rich==15.0.0"]
    assert kept("3.13", "linux") == ["numpy==2.5.5", "rich==15.0.0"]
    assert kept("3.12", "win32") == ["numpy==2.5.5", "colorama==0.4.6", "rich==15.0.0"]


def test_the_hashes_are_kept_and_the_markers_are_not() -> None:
    assert only(LOCK, environment("3.12", "linux"))[0] == f"numpy==2.5.5 \\\n    {_HASH} \\\n    {_HASH}"


def test_a_line_without_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rich==15\.0\.0 has no hashes"):
        only("rich==15.0.0\n", environment("3.11", "linux"))


def test_what_the_image_installs_is_pinned_once_each() -> None:
    pins = [
        pin.split("==")[0]
        for name in ("runtime.lock", "demo.lock")
        for pin in only((ROOT / "requirements" / name).read_text(), environment("3.11", "linux"))
    ]
    assert len(pins) == len(set(pins)) > 30


def report(**more: Any) -> dict[str, Any]:
    return {"dependencies": [{"name": "rich", "version": "15.0.0", **(more or {"vulns": []})}]}


def test_a_known_fault_is_named_with_what_mends_it() -> None:
    fault = {"id": "PYSEC-2026-1", "fix_versions": ["15.0.1"], "aliases": [], "description": ""}
    assert audit.verdict(report(vulns=[fault])) == (1, ["rich 15.0.0: PYSEC-2026-1, mended in 15.0.1"])
    assert audit.verdict(report()) == (0, ["1 packages looked up, no known fault"])


def test_a_package_that_no_database_knows_is_not_taken_for_sound() -> None:
    code, (line,) = audit.verdict(report(skip_reason="Dependency not found"))
    assert code == audit.SKIPPED == 77
    assert line == "1 of 1 packages were not found: rich"
    assert audit.verdict({"dependencies": []})[0] == audit.SKIPPED


def test_a_database_that_does_not_answer_is_skipped_and_the_next_one_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "python"
    program.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        "*'service pypi'*) echo 'could not connect' >&2; exit 1;;\n"
        f"*) echo '{json.dumps(report())}';;\nesac\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(program))
    monkeypatch.setattr("sys.argv", ["audit.py", "image.lock"])
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "pypi: no answer: could not connect" in said
    assert "osv: 1 packages looked up" in said
    monkeypatch.setattr("requirements.audit._DATABASES", ("pypi",))
    assert audit.main() == 77
    assert "skipped: no database of advisories" in capsys.readouterr().out


def test_the_workflows_take_what_they_use_by_its_hash_and_may_write_only_where_they_say_so() -> None:
    workflows = [path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml")]
    used = [name for text in workflows for name in re.findall(r"uses: (\S+)", text)]
    assert len(workflows) == 2
    assert used
    assert not [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)]
    assert all("\npermissions:\n  contents: read\n" in text for text in workflows)
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {name for text in workflows for name in re.findall(r"make ([a-z-]+)", text)} <= targets


def test_a_release_is_signed_and_attested_by_the_digest_that_was_pushed() -> None:
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    steps = ["imagetools inspect", "tradewire demo", "anchore/scan-action", "--push", "cosign sign", "cosign attest"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places), "scanned before it is pushed, pushed before it is signed"
    assert 'cosign sign --yes "$PUSHED"' in text
    assert "PUSHED=$IMAGE@$(jq" in text
    assert "--provenance mode=max" in text


def verifying(text: str) -> list[list[str]]:
    """Each `cosign verify…` of a text, as words, continued lines joined; what it is redirected to left out."""
    joined = re.sub(r"\\\n\s*", "", text)
    lines = [line.strip() for line in joined.splitlines() if line.strip().startswith("cosign verify")]
    return [
        [word for word in line.partition(" >")[0].split() if word not in {'"$image"', '"$PUSHED"'}] for line in lines
    ]


def test_the_page_verifies_an_image_as_the_release_verifies_it() -> None:
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    page = (ROOT / "docs" / "how-to" / "verify-an-image.md").read_text()
    assert len(verifying(page)) == 2
    assert verifying(page) == verifying(workflow)
    assert "OWNER/REPOSITORY/.github/workflows/release.yml@refs/tags/TAG" in page
    assert "$GITHUB_REPOSITORY/.github/workflows/release.yml@$GITHUB_REF" in workflow
    issuers = [re.findall(r"https://token\.actions\.githubusercontent\.com", text) for text in (workflow, page)]
    assert issuers[0] == issuers[1] != []
    assert "dist/image.txt" in workflow
    assert "image.txt" in page
