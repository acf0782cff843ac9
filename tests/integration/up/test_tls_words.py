"""A connection under TLS ends without a word: a person's command would show it."""

import logging
from pathlib import Path

import pytest

from tradewire.bus import Bus
from tradewire_cli.engines.testing import running_engines


async def test_a_connection_under_tls_ends_in_silence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with running_engines(tmp_path, postgres=False, tls=True) as engines:
            await engines.add_user("person-anna")
            bus = await Bus.connect(engines.nats_settings("person-anna"), "person-anna")
            assert bus.connected
            await bus.close()
            left = await Bus.connect(engines.nats_settings("person-anna"), "person-anna")
            await engines.nats.stop()
            await left.close()
    assert not [record.getMessage() for record in caplog.records if record.name == "asyncio"]
