"""The section [backup]."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.setting_reading import load


def loaded(tmp_path: Path, text: str) -> object:
    file = tmp_path / "tradewire.toml"
    file.write_text(f"[backup]\n{text}\n")
    return load(str(file), {}).backup


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('every = "5s"', "backup.every: is 5s. Set 60s or more."),
        ("keep = 0", "backup.keep: is 0. Set 1 to 10000."),
        ('to = "ftp://host/x"', 'backup.to: is "ftp://host/x". Write a folder, or s3://bucket/folder.'),
        ('to = "s3://"', 'backup.to: is "s3://". Write a folder, or s3://bucket/folder.'),
        (
            'endpoint = "minio"',
            "backup.endpoint: is 'minio', which is no http or https URL. "
            "Write the store's URL, such as https://minio.example.com.",
        ),
        (
            'endpoint = "https://u:pw@host"',
            "backup.endpoint: holds credentials, which would be shown with it. "
            "Write them into backup.access_key_file and its like.",
        ),
        ('access_key_file = "k"', "backup.secret_key_file: is missing beside the other. Write both, or neither."),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        loaded(tmp_path, text)
    assert str(error.value) == says


def test_what_makes_sense_is_taken(tmp_path: Path) -> None:
    found = loaded(tmp_path, 'to = "s3://tradewire/main"\nevery = "6h"\nkeep = 4')
    assert (found.to, found.every.seconds, found.keep) == ("s3://tradewire/main", 21_600, 4)  # type: ignore[attr-defined]
