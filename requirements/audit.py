"""Asks the databases of advisories about every line of a lock, through pip-audit, and never takes silence for health.

    python requirements/audit.py LOCK

Exits with 0 when every package was looked up and none has a known fault, 1 when one has, and 77 (skipped) when no
database answered for all of them: which it did not answer for is said.
"""

import json
import subprocess
import sys
from typing import Any, Final

SKIPPED: Final = 77
_DATABASES: Final = ("pypi", "osv")
_SHOWN: Final = 5


def verdict(report: dict[str, Any]) -> tuple[int, list[str]]:
    """Returns the exit code for a report of pip-audit, and the lines that say why."""
    asked = report["dependencies"]
    faults = [
        f"{each['name']} {each['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'no release'}"
        for each in asked
        for fault in each.get("vulns", [])
    ]
    if faults:
        return 1, faults
    skipped = [each["name"] for each in asked if "skip_reason" in each]
    if skipped or not asked:
        more = f" and {len(skipped) - _SHOWN} more" if len(skipped) > _SHOWN else ""
        return SKIPPED, [f"{len(skipped)} of {len(asked)} packages were not found: {', '.join(skipped[:_SHOWN])}{more}"]
    return 0, [f"{len(asked)} packages looked up, no known fault"]


def ask(database: str, lock: str) -> tuple[int, list[str]]:
    """Asks one database; one that does not answer is skipped."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*command, "--vulnerability-service", database, "--format", "json", "--requirement", lock],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return verdict(json.loads(done.stdout))
    except json.JSONDecodeError:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        return SKIPPED, [f"no answer: {said[-1] if said else 'it said nothing'}"]


def main() -> int:
    """Asks one database after the other until one knows every package; returns the exit code."""
    (lock,) = sys.argv[1:]
    for database in _DATABASES:
        code, lines = ask(database, lock)
        for line in lines:
            sys.stdout.write(f"audit: {database}: {line}\n")
        if code != SKIPPED:
            return code
    sys.stdout.write(
        "audit: skipped: no database of advisories that is reachable from here knows all of the packages\n"
    )
    return SKIPPED


if __name__ == "__main__":
    sys.exit(main())
