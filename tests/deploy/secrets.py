"""The Secrets of a cluster, made by the program that `make k8s-secrets` runs, as files."""

import json
import subprocess
import sys
from pathlib import Path

from tests.deploy.rendering import Manifest


def make(folder: Path, *arguments: str) -> str:
    """Makes what is missing in a folder of Secrets; returns what was said."""
    done = subprocess.run(
        [sys.executable, "-m", "tradewire_cli.k8s.secrets", "--folder", folder, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(folder: Path) -> list[Manifest]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
