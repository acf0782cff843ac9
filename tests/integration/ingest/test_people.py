"""Ingest counts the people whose keys the command line keeps."""

from pathlib import Path

from tradewire.settings import Settings
from tradewire_cli import keys
from tradewire_cli.engines.folder import DataFolder
from tradewire_ingest.people import count_people


async def test_people_are_those_with_a_key_in_the_data_folder_at_that_moment(tmp_path: Path) -> None:
    settings, folder = Settings(data=str(tmp_path)), DataFolder.at(tmp_path)
    keys.prepare(folder, "main", people=("owner",))
    assert count_people(settings) == 1
    await keys.add(folder, "strategy", "momo")
    assert count_people(settings) == 1
    await keys.add(folder, "person", "anna")
    assert count_people(settings) == 2
    await keys.revoke(folder, "person", "owner")
    assert count_people(settings) == 1
