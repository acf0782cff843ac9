"""What the manifests start is there: every command with its words, asked of the programs that are installed here."""

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from tests.deploy.commands import question, started

COMMANDS = started()


def test_the_manifests_start_every_process() -> None:
    assert {words[:2] for words in COMMANDS if words[0] == "tradewire"} == {("tradewire", "engine")}
    assert {words[0] for words in COMMANDS} == {
        "tradewire", "tradewire-ingest", "tradewire-risk", "tradewire-router", "tradewire-paper", "tradewire-sequencer",
        "tradewire-reader", "tradewire-ledger", "sleep",
    }  # fmt: skip
    assert {words[1] for words in COMMANDS if words[0] == "tradewire-ledger"} == {"migrate", "backup"}


@pytest.mark.parametrize("words", [pytest.param(words, id=f"{where}: {words[0]}") for words, where in COMMANDS.items()])
def test_a_command_of_a_manifest_is_known_with_its_words(words: tuple[str, ...], tmp_path: Path) -> None:
    asked = question(words)
    environment = {"PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}", "TRADEWIRE_DATA": str(tmp_path)}
    done = subprocess.run(
        asked.command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path, timeout=120
    )
    heard = done.stdout + done.stderr
    assert asked.answered(done.returncode, heard), (done.returncode, heard)
