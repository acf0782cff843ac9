from pathlib import Path

from tradewire_cli import OWNER, keys
from tradewire_cli.engines.folder import DataFolder


def test_a_new_installation_has_its_owners_key_and_a_revoked_one_stays_revoked(tmp_path: Path) -> None:
    folder = DataFolder.at(tmp_path)
    keys.prepare(folder, "main", people=(OWNER,))
    made = folder.seed_of("person-owner").read_bytes()

    keys.prepare(folder, "main", people=(OWNER,))
    assert folder.seed_of("person-owner").read_bytes() == made

    keys.forget(folder, "person-owner")
    keys.prepare(folder, "main", people=(OWNER,))
    assert "person-owner" not in keys.known(folder)
