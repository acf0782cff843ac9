"""Dashboards and alerts as code. `python -m deploy.monitoring` writes what Grafana and Prometheus read."""
