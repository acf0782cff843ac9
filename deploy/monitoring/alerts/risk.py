"""What risk stops, and what it will stop next."""

from typing import Final

from deploy.monitoring.model import Alert

RISK: Final = (
    Alert(
        name="TradewireHalted",
        group="risk",
        expr="max by (job, scope) (tradewire_risk_switch_level) >= 2",
        severity="warning",
        summary="{{ $labels.scope }} stands at {{ if eq $value 2.0 }}REDUCE_ONLY{{ else }}HALT or KILL{{ end }}",
        description="A person or a trip has thrown this switch; it stays until a person resumes it.",
    ),
    Alert(
        name="TradewireLimitNearlyReached",
        group="risk",
        expr="max by (job, account, limit) (tradewire_risk_limit_use_ratio) >= 0.9",
        lasts="1m",
        severity="warning",
        summary="{{ $labels.account }} uses {{ $value | humanizePercentage }} of {{ $labels.limit }}",
        description="At 100 % it denies orders; of a loss it throws the account's switch.",
    ),
    Alert(
        name="TradewireMostOrdersDenied",
        group="risk",
        expr=(
            'sum by (job) (increase(tradewire_risk_decisions_total{outcome="denied"}[10m]))'
            " / sum by (job) (increase(tradewire_risk_decisions_total[10m])) > 0.5"
            " and sum by (job) (increase(tradewire_risk_decisions_total[10m])) >= 10"
        ),
        lasts="5m",
        severity="warning",
        summary="Risk denies {{ $value | humanizePercentage }} of the orders of {{ $labels.job }}",
        description="The Risk dashboard has the reasons; `tradewire why ORDER` has the figures of one.",
    ),
    Alert(
        name="TradewireHeldUnquoted",
        group="risk",
        expr="max by (job, account) (tradewire_risk_unquoted_symbols) > 0",
        lasts="10m",
        severity="warning",
        summary="{{ $labels.account }} holds {{ $value }} symbols without a quote",
        description="They cannot be marked, so the account's equity and losses are not known.",
    ),
)
