"""Risk: what was denied and why, what tripped, what waits for a person."""

from typing import Final

from deploy.monitoring.boards.common import ACCOUNT, SWITCHES
from deploy.monitoring.model import Board, Panel, Query, Row

_DECISIONS: Final = Row(
    "Decisions",
    (
        Panel(
            title="Denials and holds, by reason",
            shows="Why orders did not pass at once in the chosen time.",
            bad="The reason's line in docs/reference/risk-checks.md says what it measures; `tradewire why ORDER` has "
            "the figures and the limit of one order. Denials are risk at work: mend the strategy before you raise "
            "the limit.",
            queries=(
                Query(
                    "sum by (reason) "
                    '(increase(tradewire_risk_decisions_total{$sel, outcome!="approved"}[$__range])) > 0',
                    "{{reason}}",
                ),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireMostOrdersDenied",
            height=10,
        ),
        Panel(
            title="Denials over time, by reason",
            shows="Denied orders a minute.",
            bad="A price reason (PRICE_STALE, PRICE_MISSING): the feed. A money or exposure reason: the limits. A "
            "switch's reason: somebody or a trip has thrown one.",
            queries=(
                Query(
                    "60 * (sum by (reason) "
                    '(rate(tradewire_risk_decisions_total{$sel, outcome="denied"}[$__rate_interval])) > 0)',
                    "{{reason}}",
                ),
            ),
            stacked=True,
            alert="TradewireMostOrdersDenied",
            height=10,
        ),
        Panel(
            title="Decisions by account",
            shows="Decisions on record a minute, by account and outcome.",
            bad="No decisions while orders are requested: risk does not lead, or cannot append; Pipeline has both.",
            queries=(
                Query(
                    "60 * sum by (account, outcome) (rate(tradewire_decisions_total{$acct}[$__rate_interval]))",
                    "{{account}} {{outcome}}",
                ),
            ),
            stacked=True,
            alert="TradewireOrdersUndecided",
            height=10,
        ),
    ),
)
_SWITCHES: Final = Row(
    "Switches, trips and limits",
    (
        Panel(
            title="Switches",
            shows="The highest switch of each scope over time. Symbols are shown together.",
            bad="A step that no person made is a trip: `tradewire events --type Halted` names the limit and the "
            "figures.",
            queries=(Query("max by (scope) (tradewire_risk_switch_level{$sel})", "{{scope}}"),),
            names=SWITCHES,
            warn=1,
            crit=3,
            alert="TradewireHalted",
        ),
        Panel(
            title="Switches thrown and resumed",
            shows="How often since the reader started, by the kind of scope, the level, and whether a person did it.",
            bad="By a service is a trip, or a break: `tradewire events --type Halted` has its limit and its figures.",
            queries=(
                Query(
                    "sum by (scope, level, by) (tradewire_switch_changes_total{$sel})",
                    "{{scope}} {{level}} by a {{by}}",
                ),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireHalted",
        ),
        Panel(
            title="Warnings",
            shows="How often an account came above the soft limit of a check since the reader started.",
            bad="The next step is a denial or a trip: `tradewire events --type LimitWarning`, then `tradewire risk "
            "status`.",
            queries=(
                Query("sum by (account, check) (tradewire_limit_warnings_total{$acct})", "{{account}} {{check}}"),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Marks, trips and lapses",
            shows="Events a minute that risk appended by the clock: marks of positions, trips, approvals that lapsed.",
            bad="None while positions are open: risk does not lead. Many: approvals lapse before they are sent; see "
            "Pipeline.",
            queries=(Query("60 * sum(rate(tradewire_risk_timers_total{$sel}[$__rate_interval]))", "appended"),),
        ),
        Panel(
            title="Use of limits over time",
            shows="The largest use of each limit.",
            bad="A line that climbs to 100 % ends in denials, and of a loss in a trip. `tradewire risk status` has "
            "the scope.",
            queries=(
                Query("max by (account, limit) (tradewire_risk_limit_use_ratio{$acct})", "{{account}} {{limit}}"),
            ),
            unit="percentunit",
            warn=0.8,
            crit=1,
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Loss of the day",
            shows="What each account has lost of its trading day, from zero up, at the last marks.",
            bad="At `max_daily_loss` the account trips to reduce only; a person resumes it the next day.",
            queries=(Query("max by (account) (tradewire_risk_day_loss{$acct})", "{{account}}"),),
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Strategies with limits of their own: loss of the day",
            shows="What those strategies have lost of the trading day whose scope limits their losses.",
            bad="At its limit the strategy's switch is thrown, and the others trade on. Empty: no strategy has such "
            "a limit.",
            queries=(
                Query(
                    "max by (account, strategy) (tradewire_risk_strategy_day_loss{$acct})", "{{account}} {{strategy}}"
                ),
            ),
            alert="TradewireLimitNearlyReached",
        ),
        Panel(
            title="Strategies with limits of their own: drawdown",
            shows="How far the result of each lies below the highest of its window, of the account's highest equity.",
            bad="At `max_drawdown` of its scope the strategy stands at HALT until a person resumes it.",
            queries=(
                Query(
                    "max by (account, strategy) (tradewire_risk_strategy_drawdown_ratio{$acct})",
                    "{{account}} {{strategy}}",
                ),
            ),
            unit="percentunit",
            alert="TradewireLimitNearlyReached",
        ),
    ),
)
_PEOPLE: Final = Row(
    "People, prices and clocks",
    (
        Panel(
            title="Orders that wait for a person",
            shows="Held orders: each lapses at its deadline.",
            bad="`tradewire approvals` lists them with their reasons and deadlines; `tradewire approve ORDER` or "
            "`tradewire deny ORDER --reason …`.",
            queries=(Query('max by (account) (tradewire_orders{$acct, status="held"})', "{{account}}"),),
            kind="stat",
            warn=1,
            alert="TradewireApprovalWaits",
        ),
        Panel(
            title="The longest wait for a person",
            shows="For how long the oldest held order has waited.",
            bad="Nobody looks: the deadline of `approval_deadline` (5 minutes unless set) ends it as lapsed.",
            queries=(
                Query('max by (account) (tradewire_oldest_order_age_seconds{$acct, status="held"})', "{{account}}"),
            ),
            unit="s",
            warn=120,
            alert="TradewireApprovalWaits",
        ),
        Panel(
            title="What people answered",
            shows="Held orders that people granted or refused since the reader started.",
            bad="Refusals again and again: the strategy asks for what nobody wants. Grants without a look: raise the "
            "threshold.",
            queries=(Query("sum by (account, outcome) (tradewire_approvals_total{$acct})", "{{account}} {{outcome}}"),),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireApprovalWaits",
        ),
        Panel(
            title="People's commands",
            shows="Commands that ingest has answered since it started, by verb and answer.",
            bad="Refused ones: who, and why, is in ingest's log. A halt or kill that you do not know: ask who threw "
            "it.",
            queries=(
                Query(
                    "sum by (verb, code) (tradewire_ingest_commands_total{$sel})",
                    "{{verb}} {{code}}",
                ),
            ),
            kind="bars",
            unit="none",
            decimals=0,
        ),
        Panel(
            title="Age of the oldest quote of what is held",
            shows="How old the oldest price is at which an account's holdings are measured.",
            bad="Older than `max_price_age` denies entries in that symbol. While the market is open: the feed, see "
            "Brokers.",
            queries=(Query("max by (account) (tradewire_risk_oldest_quote_age_seconds{$acct})", "{{account}}"),),
            unit="s",
            alert="TradewireFeedSilent",
        ),
        Panel(
            title="Held without a quote",
            shows="Symbols that are held and have no quote at all.",
            bad="They cannot be marked, so equity and losses are not known: subscribe them, or close them.",
            queries=(Query("max by (account) (tradewire_risk_unquoted_symbols{$acct})", "{{account}}"),),
            warn=1,
            alert="TradewireHeldUnquoted",
        ),
        Panel(
            title="Quotes",
            shows="Quotes that risk heard a second, and messages that are no quotes.",
            bad="None while the market is open: the routers pass none on, or NATS drops them; Brokers tells which.",
            queries=(
                Query("sum(rate(tradewire_risk_quotes_total{$sel}[$__rate_interval]))", "taken"),
                Query("sum(rate(tradewire_risk_quotes_refused_total{$sel}[$__rate_interval]))", "no quotes"),
            ),
            unit="ops",
            alert="TradewireFeedSilent",
        ),
    ),
)
RISK: Final = Board(
    uid="tradewire-risk",
    title="Risk",
    about="What was denied and why, what tripped, which limits are used up, and what waits for a person.",
    variables=(ACCOUNT,),
    rows=(_DECISIONS, _SWITCHES, _PEOPLE),
)
