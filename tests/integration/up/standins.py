"""Stand-ins for the services, as packages that come before the real ones: `tradewire up` is under test, not they.

Each is a real process that answers at its address, notes what happens to it in `events` and its settings in
`<name>.json`. A file `<name>.exit` makes it end at once with that code, `<name>.stubborn` deaf to SIGTERM.
"""

import json
from pathlib import Path

from tradewire_cli.up.runfile import Process

_PROGRAM = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

folder = Path(os.environ["STANDINS"])

def note(text):
    descriptor = os.open(folder / "events", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (text + "\\n").encode())
    os.close(descriptor)

class Ready(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass

def main(name):
    note(f"{name} started")
    settings = {key: value for key, value in os.environ.items() if key.startswith("TRADEWIRE_")}
    (folder / f"{name}.json").write_text(json.dumps(settings))
    ending = folder / f"{name}.exit"
    if ending.exists():
        print(f"{name} cannot go on", flush=True)
        sys.exit(int(ending.read_text()))

    def stop(*_):
        note(f"{name} asked")
        if not (folder / f"{name}.stubborn").exists():
            sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGHUP, lambda *_: note(f"{name} reloads"))
    HTTPServer((settings["TRADEWIRE_HTTP_HOST"], int(settings["TRADEWIRE_HTTP_PORT"])), Ready).serve_forever()
"""
_MODULES = {
    "tradewire_ledger/sequencer.py": "main('sequencer')",
    "tradewire_ledger/reader.py": "main('reader')",
    "tradewire_ledger/__main__.py": "note('migrated')",
    "tradewire_router/__main__.py": "main('router')",
    "tradewire_router/paper/__main__.py": "main('paper')",
    "tradewire_risk/__main__.py": "main('risk')",
    "tradewire_ingest/__main__.py": "main('ingest')",
}
_PACKAGE = """
from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)  # whatever else is in the real one, `tradewire up` itself needs
"""
NAMES = ("sequencer", "reader", "paper", "router", "risk", "ingest")


class StandIns:
    """The stand-ins of one test. `environment` makes `tradewire up` start them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "standin.py").write_text(_PROGRAM)
        for path, call in _MODULES.items():
            module = folder / path
            module.parent.mkdir(exist_ok=True)
            module.parent.joinpath("__init__.py").write_text(_PACKAGE)
            module.write_text(f"from standin import main, note\n{call}\n")
        self.environment = {"STANDINS": str(folder), "PYTHONPATH": str(folder)}

    @property
    def events(self) -> list[str]:
        path = self.folder / "events"
        return path.read_text().splitlines() if path.exists() else []

    def settings(self, name: str) -> dict[str, str]:
        found = json.loads((self.folder / f"{name}.json").read_text())
        assert isinstance(found, dict)
        return found

    def make(self, name: str, what: str, content: str = "") -> Path:
        path = self.folder / f"{name}.{what}"
        path.write_text(content)
        return path


def other(process: Process | None, pid: int) -> bool:
    """True when a process is there and is not `pid`."""
    return process is not None and process.pid != pid
