"""Trading: what the accounts earn, hold, and pay for it."""

from typing import Final

from deploy.monitoring.boards.common import ACCOUNT, SWITCHES
from deploy.monitoring.model import Board, Panel, Query, Row

_MONEY: Final = Row(
    "Money",
    (
        Panel(
            title="Switch",
            shows="The highest switch that stands over each scope: trading, paused, reduce only, HALT or KILL. No "
            "scope is shown before one was thrown for the first time.",
            bad="`tradewire status` says who threw it, when and why. Lift it with `tradewire resume SCOPE --reason "
            "…` once the reason is gone, never to see what happens.",
            queries=(Query("max by (scope) (tradewire_risk_switch_level{$sel})", "{{scope}}"),),
            kind="stat",
            names=SWITCHES,
            warn=1,
            crit=3,
            alert="TradewireHalted",
            width=6,
            height=7,
        ),
        Panel(
            title="Equity",
            shows="What each account is worth at the last marks.",
            bad="A step without fills is a mark: compare the symbol's price with the broker's. A step with fills is "
            "a trade: `tradewire fills`, then `tradewire why ORDER`. No line: no marks yet, or a price is missing.",
            queries=(Query("max by (account, currency) (tradewire_equity{$acct})", "{{account}} {{currency}}"),),
            width=9,
            height=7,
        ),
        Panel(
            title="Result of the day",
            shows="What each account has won or lost in its trading day: realized, unrealized, fees and interest.",
            bad="See the use of `max_daily_loss` under Exposure: at 100 % the account trips to reduce only. "
            "`tradewire halt account.NAME --reason …` stops it before that; `tradewire flatten ACCOUNT --reason …` "
            "closes what is open.",
            queries=(Query("max by (account, currency) (tradewire_day_result{$acct})", "{{account}} {{currency}}"),),
            width=9,
            height=7,
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Unrealized",
            shows="What open positions have won or lost at the last marks.",
            bad="`tradewire positions` has it by symbol. A position without an exit at the broker is yours to close.",
            queries=(
                Query("max by (account, currency) (tradewire_unrealized_result{$acct})", "{{account}} {{currency}}"),
            ),
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Result of each strategy",
            shows="What each strategy has won or lost since it began, realized and not, less fees.",
            bad="`tradewire pause STRATEGY --reason …` leaves it its exits and nothing else. Limits of its own: the "
            "scope `strategy.NAME` in docs/how-to/control-risk.md.",
            queries=(
                Query(
                    "max by (account, strategy, currency) (tradewire_strategy_result{$acct})",
                    "{{account}} {{strategy}} {{currency}}",
                ),
            ),
        ),
        Panel(
            title="Result of each strategy today",
            shows="The same of the trading day.",
            bad="One strategy falls and the others do not: pause it and read its last trades, `tradewire fills "
            "--strategy NAME`.",
            queries=(
                Query(
                    "max by (account, strategy, currency) (tradewire_strategy_day_result{$acct})",
                    "{{account}} {{strategy}} {{currency}}",
                ),
            ),
        ),
        Panel(
            title="Cash",
            shows="Cash by account and by the currency that it is in.",
            bad="Below zero is borrowed. A step without a fill is a deposit, a fee or a dividend: `tradewire events "
            "--type CashMoved`. A difference from the broker shows on the Brokers dashboard.",
            queries=(Query("max by (account, currency) (tradewire_cash{$acct})", "{{account}} {{currency}}"),),
            alert="TradewireReconciliationBroken",
        ),
        Panel(
            title="Drawdown",
            shows="How far each account's equity lies below the highest of its window.",
            bad="At `max_drawdown` the account trips to HALT and a person resumes it. Decide before it does whether "
            "the strategies still do what they were tested for.",
            queries=(Query("max by (account) (tradewire_risk_drawdown_ratio{$acct})", "{{account}}"),),
            unit="percentunit",
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Winners",
            shows="The part of each strategy's closed trades that won.",
            bad="A strategy that wins less often than it was built for: compare with its backtest before it trades on.",
            queries=(
                Query(
                    'sum by (account, strategy) (tradewire_strategy_trades_total{$acct, outcome="won"})'
                    " / (sum by (account, strategy) (tradewire_strategy_trades_total{$acct}) > 0)",
                    "{{account}} {{strategy}}",
                ),
            ),
            unit="percentunit",
        ),
    ),
)
_EXPOSURE: Final = Row(
    "Exposure against limits",
    (
        Panel(
            title="Use of limits",
            shows="The largest use of each limit. At 100 % it is reached and denies.",
            bad="`tradewire risk status` has each with its scope. Raise one on purpose with `tradewire limits set "
            "SCOPE …`, or wait until positions are closed; what is denied says so.",
            queries=(
                Query("max by (account, limit) (tradewire_risk_limit_use_ratio{$acct})", "{{account}} {{limit}}"),
            ),
            kind="bars",
            unit="percentunit",
            warn=0.8,
            crit=1,
            alert="TradewireLimitNearlyReached",
            height=12,
        ),
        Panel(
            title="Exposure",
            shows="Value of positions and working orders at their worst: gross, net, and of entries that are not "
            "filled yet.",
            bad="Gross above what you meant to hold: which symbols, `tradewire positions`. Entries that stay: "
            "`tradewire orders --open`.",
            queries=(Query("max by (account, kind) (tradewire_risk_exposure{$acct})", "{{account}} {{kind}}"),),
            alert="TradewireLimitNearlyReached",
            height=12,
        ),
        Panel(
            title="Buying power",
            shows="What new orders may cost: the broker's figure less what was approved since.",
            bad="At zero entries are denied with BUYING_POWER_INSUFFICIENT. Orders that rest reserve it: cancel "
            "those that you do not want.",
            queries=(Query("max by (account) (tradewire_risk_buying_power{$acct})", "{{account}}"),),
            height=12,
        ),
        Panel(
            title="Largest position",
            shows="The symbol that is worth most, of the account's equity.",
            bad="`tradewire positions` names it. `max_concentration` limits it.",
            queries=(Query("max by (account) (tradewire_risk_largest_concentration_ratio{$acct})", "{{account}}"),),
            unit="percentunit",
            width=6,
        ),
        Panel(
            title="Value at risk",
            shows="What one day in twenty loses more than, by the two methods that risk measures with.",
            bad="Far apart: the symbols moved unlike their past. Above what you can bear: `max_value_at_risk` limits "
            "it. No line: too few days of bars.",
            queries=(
                Query("max by (account, method) (tradewire_risk_value_at_risk{$acct})", "{{account}} {{method}}"),
            ),
            width=6,
        ),
        Panel(
            title="Positions",
            shows="Symbols that each account holds.",
            bad="More than you expect: `tradewire positions`; a strategy that opens and does not close.",
            queries=(Query("max by (account) (tradewire_positions{$acct})", "{{account}}"),),
            width=6,
        ),
        Panel(
            title="Open orders",
            shows="Open orders by their state.",
            bad="Unknown or submitting that stay: see the Pipeline dashboard. Held: a person is asked, `tradewire "
            "approvals`.",
            queries=(Query("max by (account, status) (tradewire_orders{$acct})", "{{account}} {{status}}"),),
            width=6,
            alert="TradewireUnknownOrders",
        ),
    ),
)
_FILLS: Final = Row(
    "Fills and what they cost",
    (
        Panel(
            title="Fills",
            shows="Executions a minute, by strategy.",
            bad="None while orders work: they rest, or the broker's order stream is down (Brokers). Far more than "
            "usual: a strategy in a loop; `tradewire pause STRATEGY --reason …`.",
            queries=(
                Query(
                    "60 * sum by (account, strategy) (rate(tradewire_fills_total{$acct}[$__rate_interval]))",
                    "{{account}} {{strategy}}",
                ),
            ),
        ),
        Panel(
            title="Traded value",
            shows="What was bought and sold in the chosen time.",
            bad="Many times the equity in a day is churn, and each turn costs the spread and the fee.",
            queries=(
                Query(
                    "sum by (account, side, currency) (increase(tradewire_filled_value_total{$acct}[$__range]))",
                    "{{account}} {{side}} {{currency}}",
                ),
            ),
            kind="bars",
        ),
        Panel(
            title="Slippage",
            shows="How much worse than the price of its approval an execution was, of that price; below 0 it was "
            "better.",
            bad="It rises with order size and with fast markets: use limit orders, smaller ones, or another hour. A "
            "jump at one time is a bad quote: see the age of quotes on the Risk dashboard.",
            queries=tuple(
                Query(
                    f"histogram_quantile({share}, sum by (le, account) "
                    "(rate(tradewire_slippage_ratio_bucket{$acct}[$__rate_interval])))",
                    "{{account}} " + name,
                )
                for share, name in ((0.5, "p50"), (0.95, "p95"))
            ),
            unit="percentunit",
            decimals=3,
            warn=0.005,
            alert="TradewireSlippageHigh",
        ),
        Panel(
            title="What slippage cost",
            shows="What executions have cost beyond the price of their approvals since the reader started, by "
            "strategy.",
            bad="A strategy whose slippage eats its result trades too fast for its market: compare with Result of "
            "each strategy.",
            queries=(
                Query(
                    "max by (account, strategy, currency) (tradewire_slippage_cost{$acct})",
                    "{{account}} {{strategy}} {{currency}}",
                ),
            ),
            alert="TradewireSlippageHigh",
        ),
        Panel(
            title="Fees",
            shows="Fees of what was executed since the reader started, less what was given back.",
            bad="More than the broker's table says: `tradewire fills` has each fee as the broker told it.",
            queries=(Query("max by (account, currency) (tradewire_fees{$acct})", "{{account}} {{currency}}"),),
        ),
        Panel(
            title="Since the last fill",
            shows="How long ago the last execution was booked.",
            bad="Longer than your strategies usually wait, while signals come: follow one with `tradewire why ORDER`.",
            queries=(
                Query(
                    "time() - (max by (account) (tradewire_last_fill_timestamp_seconds{$acct}) > 0)",
                    "{{account}}",
                ),
            ),
            unit="s",
        ),
    ),
)
TRADING: Final = Board(
    uid="tradewire-trading",
    title="Trading",
    about="What the accounts earn, what they hold against their limits, and what they pay for it.",
    variables=(ACCOUNT,),
    rows=(_MONEY, _EXPOSURE, _FILLS),
)
