"""What must never be: an outcome that nobody knows, a log and a broker that disagree, a broken invariant."""

from typing import Final

from deploy.monitoring.model import Alert

ORDERS: Final = (
    Alert(
        name="TradewireInvariantViolated",
        group="orders",
        expr="sum by (job, id) (tradewire_invariant_violations_total) > 0",
        severity="critical",
        summary="Invariant {{ $labels.id }} of the log does not hold",
        description="The continuous check of {{ $labels.job }} has {{ $value }} findings under {{ $labels.id }}. "
        "Halt, and run `tradewire check`.",
    ),
    Alert(
        name="TradewireUnknownOrders",
        group="orders",
        expr="max by (job, account) (tradewire_router_unknown_oldest_age_seconds) > 60",
        severity="critical",
        summary="An order of {{ $labels.account }} has had no known outcome for {{ $value | humanizeDuration }}",
        description="It was sent, and the broker has not told what became of it. Its exposure stays reserved and its "
        "symbol takes no new order until there is proof.",
    ),
    Alert(
        name="TradewireReconciliationBroken",
        group="orders",
        expr="max by (job, account, kind) (tradewire_router_open_breaks) > 0",
        lasts="1m",
        severity="critical",
        summary="The log and the broker of {{ $labels.account }} disagree about a {{ $labels.kind }}",
        description="{{ $value }} differences stand. The account takes no new entries until they are settled.",
    ),
    Alert(
        name="TradewireReconciliationLate",
        group="orders",
        expr="time() - max by (job, account) (tradewire_router_last_comparison_timestamp_seconds) > 300",
        lasts="1m",
        severity="warning",
        summary="{{ $labels.account }} was last compared with its broker {{ $value | humanizeDuration }} ago",
        description="It is compared at each start, at each reconnect and every half minute. The router cannot ask, "
        "or does not lead.",
    ),
    Alert(
        name="TradewireFactsWaiting",
        group="orders",
        expr="max by (job, account) (tradewire_router_facts_waiting) > 0",
        lasts="2m",
        severity="critical",
        summary="{{ $value }} facts of the broker of {{ $labels.account }} are not in the log",
        description="The router keeps them on its disk and appends them as soon as the ledger takes them.",
    ),
    Alert(
        name="TradewireApprovalWaits",
        group="orders",
        expr='max by (job, account) (tradewire_oldest_order_age_seconds{status="held"}) > 60',
        severity="warning",
        summary="An order of {{ $labels.account }} has waited for a person for {{ $value | humanizeDuration }}",
        description="It lapses at its deadline. `tradewire approvals` shows what it is and why it waits.",
    ),
    Alert(
        name="TradewireSlippageHigh",
        group="orders",
        expr=("histogram_quantile(0.5, sum by (job, account, le) (rate(tradewire_slippage_ratio_bucket[1h]))) > 0.005"),
        lasts="5m",
        severity="warning",
        summary="Half the fills of {{ $labels.account }} are {{ $value | humanizePercentage }} worse than approved",
        description="Of the last hour's fills, against the prices at which their orders were approved.",
    ),
)
