"""Pipeline: from a signal to a fill, hop by hop."""

from typing import Final

from deploy.monitoring.boards.common import ACCOUNT, quantiles
from deploy.monitoring.model import Board, Panel, Query, Row

_RATES: Final = Row(
    "How much goes through",
    (
        Panel(
            title="Signals",
            shows="Signals a second that ingest appended, that the log already held, and that it refused.",
            bad="Refused: the codes are beside this, and `tradewire logs ingest` names the field of each. Repeated "
            "without end: a publisher sends again what was acknowledged. None at all: ask whether the strategy runs "
            "and has its key.",
            queries=(
                Query("sum(rate(tradewire_ingest_signals_received_total{$sel}[$__rate_interval]))", "appended"),
                Query("sum(rate(tradewire_ingest_signals_repeated_total{$sel}[$__rate_interval]))", "repeated"),
                Query("sum(rate(tradewire_ingest_signals_refused_total{$sel}[$__rate_interval]))", "refused"),
            ),
            unit="ops",
            alert="TradewireSignalsRefused",
        ),
        Panel(
            title="Signals refused, by code",
            shows="Why messages were refused since the reader started.",
            bad="The code's line in docs/reference/signal.md says what the publisher has to mend. `tradewire events "
            "--type SignalRefused` has each of them, with the hash of what was sent.",
            queries=(Query("sum by (code) (tradewire_signals_refused_total{$sel})", "{{code}}"),),
            kind="bars",
            unit="none",
            decimals=0,
            alert="TradewireSignalsRefused",
        ),
        Panel(
            title="Decisions, submits, fills",
            shows="What risk decided, what the routers sent, and what the brokers filled, a second.",
            bad="Decisions without submits: a router waits (Brokers dashboard, its session and lease). Submits "
            "without fills: orders rest, or the broker is slow; `tradewire orders --open`.",
            queries=(
                Query("sum by (outcome) (rate(tradewire_risk_decisions_total{$sel}[$__rate_interval]))", "{{outcome}}"),
                Query("sum(rate(tradewire_router_submits_total{$acct}[$__rate_interval]))", "submitted"),
                Query("sum(rate(tradewire_router_fills_total{$acct}[$__rate_interval]))", "filled"),
            ),
            unit="ops",
        ),
        Panel(
            title="Events and commits",
            shows="Events that the sequencer appended and transactions that it committed, a second. Many events a "
            "commit is group commit at work.",
            bad="Nothing moves while signals come: the ledger has halted itself or waits for Postgres; `tradewire "
            "status`, then the sequencer's log.",
            queries=(
                Query("sum(rate(tradewire_ledger_events_total{$sel}[$__rate_interval]))", "events"),
                Query("sum(rate(tradewire_ledger_commits_total{$sel}[$__rate_interval]))", "commits"),
            ),
            unit="ops",
        ),
        Panel(
            title="Decided together",
            shows="How many messages ingest and how many decisions risk put into one append, at the median and at "
            "most.",
            bad="It grows with load, and that is its purpose. At 200 all the time the pipeline is full: see the "
            "latencies.",
            queries=(
                *quantiles("tradewire_ingest_batch_size", legend="ingest"),
                *quantiles("tradewire_risk_batch_size", legend="risk"),
            ),
        ),
        Panel(
            title="The ledger's answers to risk",
            shows="Answers to risk's appends a second, by code. VersionConflict and GuardChanged are how it hears "
            "that something changed meanwhile; it decides again.",
            bad="Conflicts at the rate of the decisions: something else writes the same streams all the time. "
            "Unavailable or Halted: look at the sequencer and Postgres.",
            queries=(
                Query("sum by (code) (rate(tradewire_risk_append_results_total{$sel}[$__rate_interval]))", "{{code}}"),
            ),
            unit="ops",
            alert="TradewireAppendsSlow",
        ),
    ),
)
_HOPS: Final = Row(
    "How long each hop takes",
    (
        Panel(
            title="From step to step, usually",
            shows="The median time from one step of an order to the next, by the ledger's clock, over all accounts.",
            bad="The step that grew is where to look: the panels below take it apart. From accepted to filled is the "
            "market's.",
            queries=quantiles("tradewire_order_hop_seconds", "$acct", "hop")[:1],
            unit="s",
            width=12,
            alert="TradewireAppendsSlow",
        ),
        Panel(
            title="From step to step, at worst",
            shows="What one order in a hundred takes longer than.",
            bad="High while the median is low: something stops now and then; a snapshot, a vacuum, a lease that "
            "changes hands.",
            queries=quantiles("tradewire_order_hop_seconds", "$acct", "hop")[1:],
            unit="s",
            width=12,
            alert="TradewireAppendsSlow",
        ),
        Panel(
            title="Ingest: from append to answer",
            shows="How long the ledger took to answer ingest's appends.",
            bad="Compare with the sequencer's commits: if those are fast, the bus is slow (NATS, its disk); if not, "
            "Postgres is.",
            queries=quantiles("tradewire_ingest_append_seconds"),
            unit="s",
            alert="TradewireAppendsSlow",
        ),
        Panel(
            title="Risk: from decision to the tail",
            shows="From the first decision of a batch until the tail has shown the batch.",
            bad="Slow only here: risk computes too long (many open orders, many symbols). Slow everywhere: the ledger.",
            queries=quantiles("tradewire_risk_decide_seconds"),
            unit="s",
            alert="TradewireAppendsSlow",
        ),
        Panel(
            title="Router: the broker's answer to a submit",
            shows="How long a broker took to answer a submit, by its outcome.",
            bad="Near the call's time limit (3 s) outcomes become unknown. The broker's status page; fewer orders; "
            "`tradewire halt broker.NAME --reason …` while it lasts.",
            queries=quantiles("tradewire_router_submit_seconds", "$acct", "outcome"),
            unit="s",
            warn=1,
            crit=3,
            alert="TradewireSubmitsSlow",
        ),
        Panel(
            title="Ledger: a request's whole wait",
            shows="From the arrival of the oldest request of a commit to its reply, and the commit alone.",
            bad="The commit is slow: Postgres or its disk (`sync` latency, a full volume). Only the wait is slow: "
            "more requests than the disk takes commits.",
            queries=(
                *quantiles("tradewire_ledger_append_seconds", legend="wait"),
                *quantiles("tradewire_ledger_commit_seconds", legend="commit"),
            ),
            unit="s",
            warn=0.25,
            crit=1,
            alert="TradewireAppendsSlow",
        ),
        Panel(
            title="Relay: from a commit to the log stream",
            shows="From sending a frame to the log stream until the stream has acknowledged it.",
            bad="JetStream's disk or its quorum is slow. Above 5 s of lag the ledger takes nothing but facts, "
            "cancels and halts.",
            queries=quantiles("tradewire_ledger_relay_seconds"),
            unit="s",
            alert="TradewireRelayLags",
        ),
        Panel(
            title="Reader: from a frame to what people see",
            shows="From hearing a batch's first frame to its commit in the read model. Nobody trades by it.",
            bad="`tradewire status` and the console show the past by that much. Look at Postgres' load; nothing is "
            "lost.",
            queries=quantiles("tradewire_reader_apply_seconds"),
            unit="s",
            alert="TradewireReaderLags",
        ),
    ),
)
_BEHIND: Final = Row(
    "What is behind, and what nobody knows",
    (
        Panel(
            title="Orders whose outcome is unknown",
            shows="Orders that were sent and of which the broker has not told what became of them. Each keeps its "
            "exposure, and its symbol takes no new order.",
            bad="The router asks the broker until there is proof. Older than a minute: look at the order at the "
            "broker itself; `tradewire resolve ORDER …` books what you saw there.",
            queries=(Query("max by (account) (tradewire_router_unknown_orders{$acct})", "{{account}}"),),
            warn=1,
            alert="TradewireUnknownOrders",
        ),
        Panel(
            title="Age of the oldest unknown outcome",
            shows="For how long the oldest of them has had no outcome; 0 where there is none.",
            bad="A broker that does not answer keeps it: see its session on the Brokers dashboard, then the runbook.",
            queries=(Query("max by (account) (tradewire_router_unknown_oldest_age_seconds{$acct})", "{{account}}"),),
            unit="s",
            warn=30,
            crit=120,
            alert="TradewireUnknownOrders",
        ),
        Panel(
            title="Facts not yet in the log",
            shows="What brokers told and the log does not have yet.",
            bad="They are kept on the router's disk and appended when the ledger takes them: mend the ledger. They "
            "are not lost with a restart of the router.",
            queries=(Query("max by (account) (tradewire_router_facts_waiting{$acct})", "{{account}}"),),
            warn=1,
            alert="TradewireFactsWaiting",
        ),
        Panel(
            title="Work in hand",
            shows="Signals that ingest holds and has not acknowledged, orders that wait for risk's decision, and "
            "orders that are open.",
            bad="Undecided orders that stay: risk does not lead, or its tail is behind. Signals that stay: the ledger.",
            queries=(
                Query("sum(tradewire_ingest_pending{$sel})", "signals in hand"),
                Query("max(tradewire_risk_undecided_orders{$sel})", "undecided orders"),
                Query("max(tradewire_risk_open_orders{$sel})", "open orders"),
            ),
            alert="TradewireOrdersUndecided",
        ),
        Panel(
            title="Positions behind the log",
            shows="How far risk's state and the read model are behind the log's head.",
            bad="It grows and does not come back: the process is too slow or cannot read the log stream; its log "
            "says why. A restart takes a snapshot and catches up.",
            queries=(
                Query("max(tradewire_risk_lag_positions{$sel})", "risk"),
                Query("max(tradewire_reader_lag_positions{$sel})", "reader"),
            ),
            alert="TradewireReaderLags",
        ),
        Panel(
            title="Age of the oldest frame that the stream has not acknowledged",
            shows="How far the log stream is behind Postgres.",
            bad="Above 5 s the ledger takes nothing but facts, cancels and halts. Look for a NATS server that is "
            "away, or a full disk.",
            queries=(Query("max(tradewire_ledger_relay_lag_seconds{$sel})", "lag"),),
            unit="s",
            warn=1,
            crit=5,
            alert="TradewireRelayLags",
        ),
    ),
)
PIPELINE: Final = Board(
    uid="tradewire-pipeline",
    title="Pipeline",
    about="From a signal to a fill: how much, how fast at each hop, what is behind, and what nobody knows.",
    variables=(ACCOUNT,),
    rows=(_RATES, _HOPS, _BEHIND),
)
