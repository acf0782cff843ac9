"""The dashboards, in the order in which a person reads them."""

from typing import Final

from deploy.monitoring.boards.brokers import BROKERS
from deploy.monitoring.boards.infrastructure import INFRASTRUCTURE
from deploy.monitoring.boards.pipeline import PIPELINE
from deploy.monitoring.boards.risk import RISK
from deploy.monitoring.boards.trading import TRADING

BOARDS: Final = (TRADING, PIPELINE, RISK, BROKERS, INFRASTRUCTURE)
