"""Log lines wait for nobody: a pipe that nobody reads, a full disk and a reader that is gone cost lines and no time."""

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tradewire.runtime.sink import Dropped, Sink

PIPE_BYTES = 64 * 1024
LINE = "x" * 999 + "\n"
PROGRAM = """
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "json", 20_000)
for number in range(300):
    log.info("x" * 1000, number=number)
logs.last_words("the end")
"""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def read_all(reader: int, until: str) -> str:
    said = ""
    while until not in said:
        said += os.read(reader, 65_536).decode()
    return said


def test_lines_come_out_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    sink = Sink(writer, 1 << 20)
    for number in range(100):
        sink.write(f"line {number}\n")
    assert read_all(reader, "line 99\n") == "".join(f"line {number}\n" for number in range(100))
    assert sink.dropped == 0


def test_lines_are_written_together_until_there_are_many_or_it_is_time_to_go() -> None:
    reader, writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with reader, writer:
        sink = Sink(writer.fileno(), 100, linger_seconds=600)
        sink.write("a" * 9 + "\n")
        assert not select.select([reader], [], [], 0.2)[0], "it waits for others"
        for letter in "bcde":
            sink.write(letter * 9 + "\n")  # the last one fills half of the memory
        assert len(reader.recv(1_000).splitlines()) == 5
        for letter in "fg":
            sink.write(letter * 9 + "\n")
        sink.close()
        assert reader.recv(1_000).decode() == "f" * 9 + "\n" + "g" * 9 + "\n"
        sink.write("at once\n")
        assert reader.recv(1_000) == b"at once\n"


def test_nobody_waits_for_a_pipe_that_is_not_read_and_the_loss_is_told(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    sink = Sink(writer, 20_000, lambda lines: f"{lines} lost\n")
    for _ in range(1_000):
        sink.write(LINE)  # would wait for ever
    kept = 1_000 - sink.dropped
    assert kept <= (PIPE_BYTES + 20_000) // len(LINE) + 1
    assert read_all(reader, "lost\n") == LINE * kept + f"{1_000 - kept} lost\n"


def test_a_reader_that_has_gone_costs_lines_and_raises_nothing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.close(reader)
    sink = Sink(writer, 1 << 20)
    sink.write(LINE)
    sink.close()
    assert sink.dropped == 1


def test_a_pipe_that_does_not_block_is_waited_for(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    os.set_blocking(writer, False)
    sink = Sink(writer, 1 << 20)
    for _ in range(200):
        sink.write(LINE)
    sink.write("end\n")
    assert read_all(reader, "end\n") == LINE * 200 + "end\n"
    assert sink.dropped == 0


def test_the_loss_is_a_metric() -> None:
    registry = CollectorRegistry()
    registry.register(Dropped(lambda: 3))
    assert b"\ntradewire_log_lines_dropped_total 3.0\n" in generate_latest(registry)


def test_a_process_whose_output_nobody_reads_works_and_ends() -> None:
    program = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        # Without the sink it would wait in its log for ever, and with a thread that is waited for, at its end.
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        assert process.wait() == 0
        watchdog.cancel()
        assert process.stdout is not None
        said = process.stdout.read().decode()
    lines = [json.loads(line) for line in said.splitlines() if line.endswith("}")]
    numbers = [line["number"] for line in lines if "number" in line]
    assert 15 <= len(numbers) < 100
    assert numbers == sorted(set(numbers))
