"""Sessions with brokers, their budgets and their quotes."""

from typing import Final

from deploy.monitoring.model import Alert

BROKERS: Final = (
    Alert(
        name="TradewireBrokerAway",
        group="brokers",
        expr="max by (job, account) (tradewire_router_broker_connected) == 0",
        lasts="1m",
        severity="critical",
        summary="{{ $labels.account }} is not connected to its broker",
        description="No order is sent. Orders that are at the broker go on working there.",
    ),
    Alert(
        name="TradewireBrokerDegraded",
        group="brokers",
        expr="max by (job, account, part) (tradewire_router_broker_degraded) == 1",
        lasts="2m",
        severity="warning",
        summary="{{ $labels.part }} of the broker of {{ $labels.account }} do not work",
        description="The session is up without this part of it; `tradewire status` has the reason.",
    ),
    Alert(
        name="TradewireBrokerBudgetLow",
        group="brokers",
        expr=(
            "min by (job, account) (tradewire_router_broker_requests_left >= 0)"
            " / max by (job, account) (tradewire_router_broker_requests_per_minute > 0) < 0.15"
        ),
        lasts="2m",
        severity="warning",
        summary="{{ $labels.account }} has {{ $value | humanizePercentage }} of its broker's requests left",
        description="The last tenth is kept for cancels: below it no order is sent until the minute has passed.",
    ),
    Alert(
        name="TradewireBrokerRejects",
        group="brokers",
        expr="sum by (job, account, code) (increase(tradewire_router_rejections_total[10m])) >= 5",
        severity="warning",
        summary="The broker of {{ $labels.account }} has rejected {{ $value }} orders: {{ $labels.code }}",
        description="Risk passed them and the broker did not: its rules, the account's rights, or the strategy.",
    ),
    Alert(
        name="TradewireSubmitsSlow",
        group="brokers",
        expr=(
            "histogram_quantile(0.95, sum by (job, account, le) (rate(tradewire_router_submit_seconds_bucket[5m]))) > 1"
        ),
        lasts="5m",
        severity="warning",
        summary="The broker of {{ $labels.account }} takes {{ $value | humanizeDuration }} to answer a submit",
        description="One in twenty takes longer than that. At three seconds the outcome is unknown.",
    ),
    Alert(
        name="TradewireFeedSilent",
        group="brokers",
        expr=(
            "time() - (max by (job, account) (tradewire_router_last_quote_timestamp_seconds) > 0) > 300"
            " and on (job, account) max by (job, account) (tradewire_router_symbols_quoted) > 0"
        ),
        lasts="5m",
        severity="info",
        summary="No quote for {{ $labels.account }} for {{ $value | humanizeDuration }}",
        description="Nights and weekends are quiet. While the market is open entries are denied with PRICE_STALE.",
    ),
)
