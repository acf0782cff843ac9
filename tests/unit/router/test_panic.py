"""What the panic path says of itself."""

from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import structlog
from structlog.testing import capture_logs

from tradewire.bus import Message
from tradewire.lease import Lease
from tradewire.messages.control import HaltCommand, Level
from tradewire.runtime.clock import Clock
from tradewire_router.brokers.port import Broker
from tradewire_router.panic import Panic


def no_broker() -> Broker:
    raise AssertionError("hearing opens no session")


@pytest.mark.parametrize("level", ["HALT", "KILL"])
@pytest.mark.parametrize("scope", ["global", "account.paper", "broker.paper"])
def test_a_halt_that_was_heard_is_logged_as_a_warning_with_the_switch(tmp_path: Path, scope: str, level: Level) -> None:
    log: Any = structlog.get_logger()
    panic = Panic(tmp_path, "paper", "paper", Clock("wall"), cast("Lease", None), no_broker, log)
    body = msgspec.json.encode(HaltCommand(request="r-1", scope=scope, level=level, reason="a test"))

    with capture_logs() as said:
        panic._hear(Message("control.halt.anna", "", body))

    assert said == [{"event": "halted directly", "log_level": "warning", "scope": scope, "switch": level, "by": "anna"}]
