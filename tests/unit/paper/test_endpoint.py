"""Where the broker is, and its token."""

from pathlib import Path

import pytest

from tradewire.errors import ConfigError
from tradewire.settings import Paper
from tradewire_router.paper import endpoint


def test_a_token_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    paper = Paper(journal=str(tmp_path / "paper"))
    token = endpoint.make_token(paper)
    assert len(token) == 64
    assert endpoint.make_token(paper) == endpoint.read_token(paper) == token
    path = endpoint.token_path(paper)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=f"chmod o-r {path}"):
        endpoint.read_token(paper)


def test_an_empty_or_missing_token_is_refused(tmp_path: Path) -> None:
    paper = Paper(token_file=str(tmp_path / "token"))
    with pytest.raises(ConfigError, match=r"paper\.token_file"):
        endpoint.read_token(paper)
    (tmp_path / "token").touch(0o600)
    with pytest.raises(ConfigError, match="is empty"):
        endpoint.make_token(paper)


@pytest.mark.parametrize(
    ("text", "found"), [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:70", ("::1", 70)), ("host:65535", ("host", 65535))]
)
def test_addresses(text: str, found: tuple[str, int]) -> None:
    assert endpoint.parse_address(text) == found


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", "host:65536", "host:-1", "host:١"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"paper\.address"):
        endpoint.parse_address(text)


def test_a_free_port_is_told_beside_the_journal(tmp_path: Path) -> None:
    paper = Paper(journal=str(tmp_path))
    with pytest.raises(ConfigError, match="Start the paper broker first"):
        endpoint.find_address(paper)
    endpoint.tell_address(paper, "127.0.0.1", 4321)
    assert endpoint.find_address(paper) == ("127.0.0.1", 4321)
    assert endpoint.find_address(Paper(address="127.0.0.1:99", journal=str(tmp_path))) == ("127.0.0.1", 99)
