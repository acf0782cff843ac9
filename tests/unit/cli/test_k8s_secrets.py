"""`make k8s-secrets`: what is there stays, what is named is made anew, and nothing secret is said."""

import base64
import json
from pathlib import Path

import pytest

from tests.deploy import secrets


def read(folder: Path) -> dict[str, dict[str, bytes]]:
    """Every Secret's contents, by its name."""
    return {
        each["metadata"]["name"]: {key: base64.b64decode(value) for key, value in each["data"].items()}
        for each in secrets.read(folder)
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("secrets")
    secrets.make(folder, "--strategy", "momo")
    return folder


def test_what_is_there_is_kept(made: Path) -> None:
    before = read(made)
    said = secrets.make(made, "--strategy", "momo")
    assert "made:" not in said
    assert read(made) == before


def test_a_key_that_is_renewed_is_another_one_and_known_to_nats(made: Path) -> None:
    before = read(made)
    said = secrets.make(made, "--renew", "nats-risk")
    after = read(made)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"nats-risk", "nats-users"}
    users, users_before = (json.loads(found["nats-users"]["users.json"]) for found in (after, before))
    assert {name for name in users if users[name] != users_before[name]} == {"risk"}
    assert "strategy-momo" in users, "who was added before stays"
    assert after["nats-risk"]["nkey"].decode() not in said


def test_passwords_are_marked_so_that_the_database_hears_of_a_new_one(made: Path) -> None:
    marked = {
        each["metadata"]["name"] for each in secrets.read(made) if each["metadata"]["labels"].get("cnpg.io/reload")
    }
    assert marked == {"postgres-admin", "postgres-sequencer", "postgres-reader"}
