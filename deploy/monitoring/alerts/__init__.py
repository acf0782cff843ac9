"""All alerts, by group. `critical` wakes a person, `warning` waits for the morning, `info` is shown."""

from typing import Final

from deploy.monitoring.alerts.brokers import BROKERS
from deploy.monitoring.alerts.engines import ENGINES
from deploy.monitoring.alerts.orders import ORDERS
from deploy.monitoring.alerts.pipeline import PIPELINE
from deploy.monitoring.alerts.processes import PROCESSES
from deploy.monitoring.alerts.risk import RISK
from deploy.monitoring.model import Alert

ALERTS: Final[tuple[Alert, ...]] = (*ORDERS, *RISK, *BROKERS, *PIPELINE, *PROCESSES, *ENGINES)
