"""`make k8s-secrets`: what is missing is made, once, and everything that a pod mounts is among it."""

import base64
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.deploy import secrets
from tests.deploy.rendering import OVERLAYS, WORKLOADS, Manifest, of_kind, overlay, pod_of
from tradewire_cli.k8s.secrets import secret_of

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_OURS_TO_BRING: Final = {"alpaca", "backup-bucket"}
"""Nobody but whoever has the account and the bucket can make these."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("secrets")
    secrets.make(made)
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def keys_of(secret: Manifest) -> set[str]:
    return set(secret["data"])


def mounted(manifests: list[Manifest]) -> dict[str, set[str]]:
    """Every Secret that must be there, with the keys that are picked from it."""
    found: dict[str, set[str]] = {}
    for workload in of_kind(manifests, *WORKLOADS):
        for volume in pod_of(workload)["spec"]["volumes"]:
            for source in volume.get("projected", {}).get("sources", ()):
                if not source["secret"].get("optional"):
                    found.setdefault(source["secret"]["name"], set()).update(
                        item["key"] for item in source["secret"]["items"]
                    )
            if "secret" in volume:
                found.setdefault(volume["secret"]["secretName"], set())
    for cluster in of_kind(manifests, "Cluster"):
        found.setdefault(cluster["spec"]["bootstrap"]["initdb"]["secret"]["name"], set()).add("username")
        for role in cluster["spec"]["managed"]["roles"]:
            found.setdefault(role["passwordSecret"]["name"], set()).add("username")
    for issuer in of_kind(manifests, "Issuer"):
        found[issuer["spec"]["ca"]["secretName"]] = {"tls.crt", "tls.key"}
    return found


def test_everything_is_made_and_said(tmp_path: Path) -> None:
    said = secrets.make(tmp_path)
    for secret in secrets.read(tmp_path):
        assert re.search(rf"^  {re.escape(secret['metadata']['name'])} +made: ", said, re.MULTILINE)
    assert "kept" not in said


def test_nothing_is_made_twice(folder: Path) -> None:
    before = contents(folder)
    said = secrets.make(folder)
    assert contents(folder) == before
    assert "made" not in said
    assert said.count("kept") == len(before)


def test_nothing_secret_is_printed(folder: Path, tmp_path: Path) -> None:
    said = secrets.make(tmp_path) + secrets.make(folder)
    for secret in [*secrets.read(tmp_path), *secrets.read(folder)]:
        for key, text in secret["data"].items():
            value = base64.b64decode(text).decode()
            if key in {"nkey", "password", "token", "tls.key"}:
                assert value.strip() not in said
                assert text not in said


def test_one_that_is_missing_is_made_and_the_others_are_kept(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "postgres-reader.json").unlink()
    said = secrets.make(tmp_path)
    assert re.findall(r"^  (\S+) +made", said, re.MULTILINE) == ["postgres-reader"]
    assert {name for name, content in contents(tmp_path).items() if content != before[name]} == {"postgres-reader.json"}


def test_one_is_renewed_with_what_follows_from_it(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = contents(tmp_path)
    secrets.make(tmp_path, "--renew", "nats-risk")
    changed = {name for name, content in contents(tmp_path).items() if content != before[name]}
    assert changed == {"nats-risk.json", "nats-users.json"}


def test_what_is_renewed_by_name_needs_no_second_word(tmp_path: Path) -> None:
    secrets.make(tmp_path, "--strategy", "sma_cross", "--person", "anna")
    before = contents(tmp_path)
    secrets.make(tmp_path, "--renew", "strategy-sma.cross", "--renew", "person-anna")
    changed = {name for name, content in contents(tmp_path).items() if content != before.get(name)}
    assert changed == {"strategy-sma.cross.json", "person-anna.json", "nats-users.json"}


def refused(folder: Path, *arguments: str) -> str:
    """The one line with which the program ends instead."""
    command = [sys.executable, "-m", "tradewire_cli.k8s.secrets", "--folder", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_name_that_is_no_secrets_is_said(tmp_path: Path) -> None:
    said = refused(tmp_path, "--renew", "nats-rsk", "--renew", "strategy-mmo")
    assert "--renew nats-rsk, strategy-mmo: there is no such Secret" in said
    assert not (tmp_path / "strategy-mmo.json").exists()


def test_a_lost_authority_is_not_made_anew_beside_what_it_has_issued(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = contents(tmp_path)
    kept = (tmp_path / "authority.json").read_bytes()
    (tmp_path / "authority.json").unlink()
    (tmp_path / "nats-risk.json").unlink()
    assert "Secret authority is not there, and nats-admin, nats-backup," in refused(tmp_path)
    assert not (tmp_path / "nats-risk.json").exists()

    (tmp_path / "authority.json").write_bytes(kept)
    secrets.make(tmp_path)
    assert set(contents(tmp_path)) == set(before)


def test_what_another_authority_has_issued_is_named(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    assert "Secret nats-sequencer trusts another authority" in refused(tmp_path, "--renew", "authority")


def test_a_lost_list_of_users_has_everybody_again_who_has_a_key(tmp_path: Path) -> None:
    secrets.make(tmp_path, "--strategy", "sma_cross", "--person", "anna")
    before = contents(tmp_path)
    (tmp_path / "nats-users.json").unlink()
    secrets.make(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--namespace", "other"], "is for the namespace tradewire, not other"),
        (["--namespace", "A b"], "is no name of a namespace"),
        (["--folder", "/dev/null"], "--folder /dev/null: File exists: name a folder"),
        (["--folder", "/proc/x"], "--folder /proc/x: No such file or directory: name a folder"),
    ],
)
def test_what_cannot_be_is_one_line(folder: Path, arguments: list[str], said: str) -> None:
    assert said in refused(folder, *arguments)


def test_users_of_every_name_have_a_secret_of_a_name_that_a_cluster_takes(tmp_path: Path) -> None:
    secrets.make(tmp_path, "--strategy", "sma_cross", "--strategy", "sma-cross", "--person", "anna_b")
    names = {secret["metadata"]["name"] for secret in secrets.read(tmp_path)}
    assert {"strategy-sma.cross", "strategy-sma-cross", "person-anna.b"} <= names
    assert all(_NAME.fullmatch(name) for name in names)
    assert secret_of("risk") == "nats-risk"


def test_files_are_for_their_owner_alone(folder: Path) -> None:
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o077 == 0 or folder.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_pods_mount_is_made(folder: Path, name: str) -> None:
    made = {secret["metadata"]["name"]: keys_of(secret) for secret in secrets.read(folder)}
    for secret, keys in mounted(overlay(name)).items():
        if secret not in _OURS_TO_BRING:
            assert keys <= made[secret], secret


def test_external_secrets_bring_the_same(folder: Path) -> None:
    brought = {each["spec"]["target"]["name"]: each for each in of_kind(overlay("everything"), "ExternalSecret")}
    by_cert_manager = {each["spec"]["secretName"] for each in of_kind(overlay("everything"), "Certificate")}
    assert set(brought) == set(mounted(overlay("everything"))) - _OURS_TO_BRING - by_cert_manager
    made = {secret["metadata"]["name"]: secret for secret in secrets.read(folder)}
    for name, each in brought.items():
        assert each["metadata"]["name"] == name
        assert each["spec"]["dataFrom"] == [{"extract": {"key": f"tradewire/{name}"}}]
        wanted = each["spec"]["target"].get("template", {}).get("type", "Opaque")
        assert wanted == made[name]["type"]


def test_passwords_are_marked_so_that_the_database_hears_of_a_new_one(tmp_path: Path) -> None:
    """CloudNativePG sets a role's password when a Secret with this label changes."""
    secrets.make(tmp_path)
    marked = {
        each["metadata"]["name"] for each in secrets.read(tmp_path) if each["metadata"]["labels"].get("cnpg.io/reload")
    }
    assert marked == {"postgres-admin", "postgres-sequencer", "postgres-reader"}
