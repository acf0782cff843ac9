"""Writes the dashboards and the rules: `python -m deploy.monitoring [--docs https://…/] [--into FOLDER]`."""

import argparse
from pathlib import Path

from deploy.monitoring.alerts import ALERTS
from deploy.monitoring.boards import BOARDS
from deploy.monitoring.grafana import dashboard
from deploy.monitoring.rules import custom_resource, plain

ROOT = Path(__file__).parents[1]


def files(docs: str = "") -> dict[str, str]:
    """What is generated, by its path under deploy/. `docs` goes before the runbook's path in links."""
    boards = {f"grafana/dashboards/{board.uid}.json": dashboard(board, docs) for board in BOARDS}
    return {
        **boards,
        "prometheus/rules/tradewire.yaml": plain(ALERTS, docs),
        "k8s/components/monitoring/prometheusrule.yaml": custom_resource(ALERTS, docs),
    }


def main() -> None:
    """Writes what differs."""
    parser = argparse.ArgumentParser(prog="python -m deploy.monitoring", description="Write dashboards and rules.")
    parser.add_argument("--docs", default="", metavar="URL", help="where docs/ is read, with a / at its end")
    parser.add_argument("--into", type=Path, default=ROOT, metavar="FOLDER", help="instead of deploy/")
    options = parser.parse_args()
    for name, text in files(options.docs).items():
        path = options.into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
