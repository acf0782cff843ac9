"""How the brokers of the running system's accounts are reached from the command line."""

from msgspec.structs import replace

from tradewire.settings import Settings
from tradewire_cli.engines.folder import DataFolder
from tradewire_cli.up.plan import paper_places
from tradewire_cli.up.runfile import Run


def reached(settings: Settings, folder: DataFolder, run: Run | None) -> Settings:
    """The settings with which the running system's own paper broker is reached."""
    if run is None or "paper" not in run.processes:
        return settings
    # The free port that it got stands beside its journal.
    paper = replace(settings.paper, address="127.0.0.1:0", **paper_places(folder))
    return replace(settings, paper=paper)
