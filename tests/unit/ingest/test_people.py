"""Who has a key: how many people may give commands, and which strategies are known."""

from pathlib import Path

import msgspec
import pytest

from tradewire.settings import Ingest, Settings, Strategy
from tradewire_ingest.people import count_people, known_strategies


def test_people_are_those_with_a_key_in_the_data_folder(tmp_path: Path) -> None:
    users = {"person-anna": {}, "person-bob": {"public": "U"}, "strategy-momo": {}, "ingest": {}}
    (tmp_path / "keys.json").write_bytes(msgspec.json.encode({"shard": "main", "users": users}))
    assert count_people(Settings(data=str(tmp_path))) == 2


def test_strategies_are_known_by_a_profile_or_a_key(tmp_path: Path) -> None:
    settings = Settings(data=str(tmp_path), strategies={"calm": Strategy()})
    assert known_strategies(settings) == {"calm"}
    (tmp_path / "keys.json").write_bytes(b'{"users": {"person-anna": {}, "strategy-momo": {}}}')
    assert known_strategies(settings) == {"calm", "momo"}


def test_people_that_the_settings_name_are_those(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(b'{"users": {"person-anna": {}}}')
    assert count_people(Settings(data=str(tmp_path), ingest=Ingest(people=["anna", "bob", "anna"]))) == 2


@pytest.mark.parametrize("registry", [None, b"", b"{", b"[]", b'{"users": 3}', b"\xff"])
def test_where_nobody_tells_it_is_not_known(tmp_path: Path, registry: bytes | None) -> None:
    if registry is not None:
        (tmp_path / "keys.json").write_bytes(registry)
    assert count_people(Settings(data=str(tmp_path))) is None
