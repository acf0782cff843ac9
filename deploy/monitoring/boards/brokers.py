"""Brokers: sessions, request budgets, comparisons and quotes."""

from typing import Final

from deploy.monitoring.boards.common import ACCOUNT, YES_NO
from deploy.monitoring.model import Board, Panel, Query, Row

_SESSION: Final = Row(
    "Sessions",
    (
        Panel(
            title="Connected",
            shows="Whether the router of each account is connected to its broker.",
            bad="`tradewire doctor` names the cause and its cure. While it is away no order is sent, and orders at "
            "the broker go on working there.",
            queries=(Query("max by (account) (tradewire_router_broker_connected{$acct})", "{{account}}"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            alert="TradewireBrokerAway",
        ),
        Panel(
            title="Parts that do not work",
            shows="Parts of a broker's session that do not work while the rest does: the order stream, quotes, the "
            "clock.",
            bad="The part's name is in the legend and its reason in `tradewire status`. Without the order stream "
            "fills come by polling, later; without quotes new entries are denied.",
            queries=(
                Query("max by (account, part) (tradewire_router_broker_degraded{$acct})", "{{account}} {{part}}"),
            ),
            warn=1,
            alert="TradewireBrokerDegraded",
        ),
        Panel(
            title="Who routes",
            shows="Whether the account's router holds its lease. It is one process an account.",
            bad="No: another process holds it, or the ledger does not grant it; `tradewire status` names the holder. "
            "After a crash a successor waits twelve seconds.",
            queries=(Query("sum by (account) (tradewire_router_lease_held{$acct})", "{{account}}"),),
            kind="stat",
            names=YES_NO,
            crit=1,
            low_is_bad=True,
            alert="TradewireNobodyLeads",
        ),
        Panel(
            title="Requests left this minute",
            shows="The part of the broker's request budget that is left, where it has one.",
            bad="Below a tenth the router keeps what is left for cancels and questions. Send less, or ask the broker "
            "for more.",
            queries=(
                Query(
                    "min by (account) (tradewire_router_broker_requests_left{$acct} >= 0"
                    " and tradewire_router_broker_requests_per_minute{$acct} > 0)"
                    " / max by (account) (tradewire_router_broker_requests_per_minute{$acct} > 0)",
                    "{{account}}",
                ),
            ),
            unit="percentunit",
            warn=0.25,
            crit=0.1,
            low_is_bad=True,
            alert="TradewireBrokerBudgetLow",
        ),
        Panel(
            title="Rejections, by code",
            shows="Orders that a broker has rejected since the router started.",
            bad="The code's meaning is in docs/reference/brokers.md; `tradewire orders --status rejected` has the "
            "broker's own words. A strategy that is rejected again and again: `tradewire pause NAME --reason …`.",
            queries=(
                Query(
                    "sum by (account, code) (tradewire_router_rejections_total{$acct}) > 0",
                    "{{account}} {{code}}",
                ),
            ),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireBrokerRejects",
        ),
        Panel(
            title="Submits without a known outcome",
            shows="Calls to a broker's submit that ended without an answer, of all calls.",
            bad="Some are the network's. Many: the broker is overloaded or a proxy cuts calls; halt the broker until "
            "it answers.",
            queries=(
                Query(
                    "sum by (account) (rate(tradewire_router_unknowns_total{$acct}[$__rate_interval]))"
                    " / sum by (account) (rate(tradewire_router_submits_total{$acct}[$__rate_interval]) > 0)",
                    "{{account}}",
                ),
            ),
            unit="percentunit",
            warn=0.01,
            crit=0.05,
            alert="TradewireUnknownOrders",
        ),
    ),
)
_COMPARED: Final = Row(
    "Comparisons",
    (
        Panel(
            title="Differences that stand",
            shows="Differences between the log and the broker that the last comparison showed, by what they are about.",
            bad="The account takes no new entries until they are mended. `tradewire reconcile` shows each side; "
            "docs/how-to/settle-differences.md has what to do.",
            queries=(Query("max by (account, kind) (tradewire_router_open_breaks{$acct})", "{{account}} {{kind}}"),),
            warn=1,
            crit=1,
            alert="TradewireReconciliationBroken",
        ),
        Panel(
            title="Since the last comparison",
            shows="How long ago an account was last compared with its broker. It is compared at each start, at each "
            "reconnect, every 30 s and at the day's end.",
            bad="It grows: the router cannot ask (see its session), or has not got its lease.",
            queries=(
                Query(
                    "time() - max by (account) (tradewire_router_last_comparison_timestamp_seconds{$acct})",
                    "{{account}}",
                ),
            ),
            unit="s",
            warn=120,
            crit=300,
            alert="TradewireReconciliationLate",
        ),
        Panel(
            title="How long a comparison takes",
            shows="How long the last comparison took.",
            bad="It uses the request budget. Minutes: the broker pages through a long history; ask it for fewer "
            "closed orders.",
            queries=(Query("max by (account) (tradewire_router_comparison_seconds{$acct})", "{{account}}"),),
            unit="s",
        ),
    ),
)
_QUOTES: Final = Row(
    "Quotes",
    (
        Panel(
            title="Quotes passed on",
            shows="Quotes of the broker that a router passed on, and what the broker told for a quote and is none, a "
            "second.",
            bad="None while the market is open: the quote stream is down or the symbols are not subscribed. Refused: "
            "the feed sends crossed or empty prices.",
            queries=(
                Query("sum by (account) (rate(tradewire_router_quotes_total{$acct}[$__rate_interval]))", "{{account}}"),
                Query(
                    "sum by (account) (rate(tradewire_router_quotes_refused_total{$acct}[$__rate_interval]))",
                    "{{account}} refused",
                ),
            ),
            unit="ops",
            alert="TradewireFeedSilent",
        ),
        Panel(
            title="Symbols quoted",
            shows="Symbols whose quotes a router passes on.",
            bad="Fewer than you hold or trade: the feed's limit of symbols, or a name that the broker does not know.",
            queries=(Query("max by (account) (tradewire_router_symbols_quoted{$acct})", "{{account}}"),),
            alert="TradewireFeedSilent",
        ),
        Panel(
            title="Since the last quote",
            shows="How long ago a broker last told a quote, where it quotes at all.",
            bad="Nights and weekends are quiet. While the market is open: reconnect is automatic, `tradewire doctor` "
            "says what the feed answers.",
            queries=(
                Query(
                    "time() - (max by (account) (tradewire_router_last_quote_timestamp_seconds{$acct}) > 0)",
                    "{{account}}",
                ),
            ),
            unit="s",
            alert="TradewireFeedSilent",
        ),
    ),
)
BROKERS: Final = Board(
    uid="tradewire-brokers",
    title="Brokers",
    about="Each account's session with its broker: is it there, does it answer, does it say what the log says.",
    variables=(ACCOUNT,),
    rows=(_SESSION, _COMPARED, _QUOTES),
)
