"""Whatever is logged is one JSON object a line, from libraries, too; ids have fixed names, and no secret is in it."""

import json
import os
import pty
import subprocess
import sys

PROGRAM = """
import logging, warnings
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "json")
log.info("began", signal="s1")
log.debug("not said")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncpg").warning("lost %s", 3, exc_info=True)
logging.getLogger("asyncpg").info("not said")
warnings.warn("careful")
"""


def test_libraries_are_heard_in_the_same_form() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=True)

    began, lost, warned = (json.loads(line) for line in done.stdout.splitlines())
    assert done.stderr == ""
    assert {line["instance"] for line in (began, lost, warned)} == {"risk-1"}
    assert (began["event"], began["signal"]) == ("began", "s1")
    assert (lost["logger"], lost["event"], lost["level"]) == ("asyncpg", "lost 3", "warning")
    assert "ZeroDivisionError" in lost["exception"]
    assert "careful" in warned["event"]


IDS = """
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "auto")
log.info("denied", signal="3947b122-2a1c-540f-b9c2-7764d3aa0c28", order=None, pos=7)
log.info("not a signal of ours", signal="x")
"""

SECRETS = """
import logging
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "json")
log.info("lost postgresql://anna:hunter2@hunter2@db:5432/x", url="https://tok-hunter2@otlp:4318/v1", token="hunter2")
log.info("said", error="host=db password='hunter2' port=1", header="Authorization: Bearer hunter2")
logging.getLogger("lib").warning("api_key=hunter2 at nats://hunter2@n:4222,nats://b:hunter2@m:4222")
try:
    raise ValueError("nats://user:hunter2@n:4222 refuses")
except ValueError as error:
    log.error("failed", exc_info=error)
"""

SEED = "SUAOUWEQ52YTYRMZ2AXBJCTT2Z3DFEVZBKFLYFLXKVRLKZ5ILBRYHTF3OA"
IN_OTHER_FORMS = f"""
import logging
from tradewire.runtime import logs
log = logs.configure("risk", "risk-1", "info", "json")
log.info("an nkey", why="cannot use {SEED} as a seed")
log.info("settings", options={{"account": "main", "api_secret": "hunter2", "of": [{{"token": "hunter2"}}]}})
log.info("a body", why='{{"webhook_secret": "hunter2", "strategy": "momo"}}')
headers = {{"APCA-API-KEY-ID": "hunter2", "APCA-API-SECRET-KEY": "hunter2", "Accept": "text/plain"}}
logging.getLogger("urllib3").warning("sends %s", headers)
log.info("said", headers="apca-api-secret-key: hunter2, accept: text/plain", password=b"hunter2")
log.info("kept", why="monkey-see: 3; invalid token: expected ','; the key: AAPL", price=1.5, held=None, many=[1, "x"])
"""


def said(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout


def test_a_line_about_a_signal_has_the_id_of_its_trace() -> None:
    denied, other = (json.loads(line) for line in said(IDS).splitlines())
    assert denied["trace_id"] == "3947b1222a1c540fb9c27764d3aa0c28"
    assert denied["pos"] == 7
    assert "order" not in denied, "an id that is not known is left out"
    assert "trace_id" not in other


def test_auto_is_json_in_a_file_and_words_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", IDS], stdout=theirs, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "denied" in shown
    assert not shown.lstrip().startswith("{")
    assert all(json.loads(line) for line in said(IDS).splitlines())


def test_no_credentials_are_written() -> None:
    output = said(SECRETS)
    assert len(output.splitlines()) == 4
    assert "hunter2" not in output
    assert "db:5432" in output, "where it was is still said"
    assert "m:4222" in output


def test_no_secret_is_written_in_whatever_form_it_comes() -> None:
    output = said(IN_OTHER_FORMS)
    nkey, settings, body, sends, headers, kept = (json.loads(line) for line in output.splitlines())
    assert "hunter2" not in output
    assert SEED not in output
    assert nkey["why"] == "cannot use *** as a seed"
    assert settings["options"] == {"account": "main", "api_secret": "***", "of": [{"token": "***"}]}
    assert json.loads(body["why"].replace("***", '"***"')) == {"webhook_secret": "***", "strategy": "momo"}
    assert "text/plain" in sends["event"]
    assert "text/plain" in headers["headers"]
    assert kept["why"] == "monkey-see: 3; invalid token: expected ','; the key: AAPL"
    assert (kept["price"], kept["many"]) == (1.5, [1, "x"]), "numbers stay numbers"
