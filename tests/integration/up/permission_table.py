"""Who may say and who may hear each subject of the product: what the server must allow, and refuse to everybody else.

It is written by hand and is no copy of `tradewire.permissions`: that one names patterns, this one what they come to.
"""

from typing import Final, NamedTuple

from tradewire.permissions import SERVICE_USERS

STRATEGY, PERSON = "strategy-momo", "person-anna"
SERVICES: Final = frozenset(SERVICE_USERS) - {"admin"}
"""`admin` may do everything: it is the operator's own, and no process of the product trades with it."""
USERS: Final = (*sorted(SERVICES), STRATEGY, PERSON)


class Row(NamedTuple):
    """The users that may publish a subject, and those that may subscribe to it. Names are separated by blanks."""

    publish: str = ""
    hear: str = ""

    def users(self, verb: str) -> frozenset[str]:
        """Who may; `verb` is publish or subscribe."""
        return frozenset((self.publish if verb == "publish" else self.hear).split())


FOLLOWERS = "ingest risk router"
TAILS = f"reader {FOLLOWERS}"
BEATS_OF_ALL = f"risk router feed {PERSON}"
QUOTES = f"ingest risk router paper {STRATEGY} {PERSON}"

PRODUCT: Final[dict[str, Row]] = {
    # Signals: a strategy speaks for itself, a person under its own name, and ingest reads the stream.
    "signals.momo": Row(publish=STRATEGY),
    "signals.manual:anna": Row(publish=PERSON),
    # The log: who appends is in the subject, and the sequencer alone hears it.
    "ledger.main.append.ingest": Row("ingest", "sequencer"),
    "ledger.main.append.risk": Row("risk", "sequencer"),
    "ledger.main.append.router": Row("router", "sequencer"),
    "ledger.main.append.*": Row(hear="sequencer"),
    "ledger.main.lease.ingest": Row("ingest", "sequencer"),
    "ledger.main.lease.risk": Row("risk", "sequencer"),
    "ledger.main.lease.router": Row("router", "sequencer"),
    "ledger.main.lease.*": Row(hear="sequencer"),
    "ledger.main.snapshot": Row(FOLLOWERS, "reader"),
    "ledger.main.query.orders": Row(f"{FOLLOWERS} {PERSON}", "reader"),
    "ledger.main.query.*": Row(hear="reader"),
    "log.main": Row("sequencer", TAILS),
    # Questions to others than the reader.
    "risk.main.query.check": Row(PERSON, "risk"),
    "risk.main.query.*": Row(hear="risk"),
    "bars.main.query.paper": Row(f"{STRATEGY} {PERSON}", "router"),
    "bars.main.query.*": Row(hear="router"),
    # People: told by the reader, heard by ingest; the routers hear a halt directly.
    "events.main.paper.OrderFilled.x": Row("reader", f"feed {PERSON}"),
    "events.>": Row(hear=f"feed {PERSON}"),
    "events.main.>": Row(hear=f"feed {PERSON}"),
    "control.halt.anna": Row(PERSON, "ingest router"),
    "control.kill.anna": Row(PERSON, "ingest router"),
    "control.halt.*": Row(hear="ingest router"),
    "control.kill.*": Row(hear="ingest router"),
    "control.halt.>": Row(hear="ingest router"),
    "control.kill.>": Row(hear="ingest router"),
    "control.cancel.anna": Row(PERSON, "ingest"),
    "control.approve.anna": Row(PERSON, "ingest"),
    "control.resume.anna": Row(PERSON, "ingest"),
    "control.*.*": Row(hear="ingest"),
    "control.>": Row(hear="ingest"),
    # Prices.
    "quotes.sim.AAPL": Row("router feed", QUOTES),
    "quotes.>": Row(hear=QUOTES),
    # Beats: each service its own.
    "heartbeat.ledger.main": Row("sequencer", f"reader ingest {BEATS_OF_ALL}"),
    "heartbeat.sequencer.main": Row("sequencer", BEATS_OF_ALL),
    "heartbeat.reader.main": Row("reader", BEATS_OF_ALL),
    "heartbeat.ingest.main": Row("ingest", BEATS_OF_ALL),
    "heartbeat.risk.main": Row("risk", BEATS_OF_ALL),
    "heartbeat.router.main": Row("router", BEATS_OF_ALL),
    "heartbeat.paper.main": Row("paper", BEATS_OF_ALL),
    "heartbeat.backup.main": Row("backup", BEATS_OF_ALL),
    "heartbeat.>": Row(hear=BEATS_OF_ALL),
    # JetStream: the sequencer keeps the log's stream and ingest that of the signals; nobody else touches either.
    "$JS.API.STREAM.INFO.LOG_main": Row("sequencer"),
    "$JS.API.STREAM.CREATE.LOG_main": Row("sequencer"),
    "$JS.API.STREAM.UPDATE.LOG_main": Row("sequencer"),
    "$JS.API.STREAM.MSG.GET.LOG_main": Row("sequencer"),
    "$JS.API.DIRECT.GET.LOG_main": Row(f"sequencer {TAILS}"),
    "$JS.API.DIRECT.GET.LOG_main.log.main": Row(f"sequencer {TAILS}"),
    "$JS.API.STREAM.INFO.SIGNALS": Row("ingest"),
    "$JS.API.STREAM.CREATE.SIGNALS": Row("ingest"),
    "$JS.API.STREAM.UPDATE.SIGNALS": Row("ingest"),
    "$JS.API.CONSUMER.CREATE.SIGNALS": Row("ingest"),
    "$JS.API.CONSUMER.CREATE.SIGNALS.ingest-main": Row("ingest"),
    "$JS.API.CONSUMER.DURABLE.CREATE.SIGNALS.ingest-main": Row("ingest"),
    "$JS.API.CONSUMER.INFO.SIGNALS.ingest-main": Row("ingest"),
    "$JS.API.CONSUMER.NAMES.SIGNALS": Row("ingest"),
    "$JS.API.CONSUMER.LIST.SIGNALS": Row("ingest"),
    "$JS.API.CONSUMER.DELETE.SIGNALS.ingest-main": Row("ingest"),
    "$JS.API.CONSUMER.MSG.NEXT.SIGNALS.ingest-main": Row("ingest"),
    "$JS.ACK.SIGNALS.ingest-main.1.1.1.1.1": Row("ingest"),
    # Whether a server's disk takes a publish.
    "$JS.API.STREAM.CREATE.PROBE_0": Row("probe"),
    "$JS.API.STREAM.CREATE.PROBE_4": Row("probe"),
    "probe.0": Row("probe"),
    "probe.4": Row("probe"),
    # Each service asks what it may do, and answers the micro services' ping.
    "$SYS.REQ.USER.INFO": Row(publish=" ".join(SERVICES)),
    "$SRV.PING": Row(hear=" ".join(SERVICES)),
    "$SRV.STATS.tradewire-risk.x": Row(hear=" ".join(SERVICES)),
    "$SRV.>": Row(hear=" ".join(SERVICES)),
    # Answers: everybody's own alone, and nobody writes there unasked.
    **{f"_INBOX.{user}.x": Row(hear=user) for user in USERS},
    **{f"_INBOX.{user}.>": Row(hear=user) for user in USERS},
}

NOBODYS: Final = (
    # What destroys, and what is the operator's.
    "$JS.API.STREAM.DELETE.LOG_main", "$JS.API.STREAM.PURGE.LOG_main", "$JS.API.STREAM.MSG.DELETE.LOG_main",
    "$JS.API.STREAM.DELETE.SIGNALS", "$JS.API.STREAM.PURGE.SIGNALS", "$JS.API.STREAM.MSG.DELETE.SIGNALS",
    "$JS.API.STREAM.DELETE.PROBE_0", "$JS.API.STREAM.PURGE.PROBE_0",
    "$JS.API.STREAM.SNAPSHOT.LOG_main", "$JS.API.STREAM.RESTORE.LOG_main", "$JS.API.STREAM.PEER.REMOVE.LOG_main",
    "$JS.API.STREAM.LEADER.STEPDOWN.LOG_main", "$JS.API.META.LEADER.STEPDOWN", "$JS.API.ACCOUNT.PURGE.x",
    "$JS.API.CONSUMER.CREATE.LOG_main.x", "$JS.API.CONSUMER.DELETE.LOG_main.x", "$JS.API.STREAM.MSG.GET.SIGNALS",
    "$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.CREATE.PROBE_5", "$JS.API.STREAM.LIST", "$JS.API.INFO", "probe.5",
    "$JS.ACK.LOG_main.x.1.1.1.1.1", "$KV.x.y", "$SYS.REQ.SERVER.PING", "$SYS.REQ.ACCOUNT.PING.CONNZ", "$SRV.INFO",
    # What is another's, or nobody's.
    "signals", "signals.manual", "signals.manual:bob", "signals.other", "signals.momo.x",
    "ledger.main.append.sequencer", "ledger.main.append.bob", "ledger.main.lease.bob", "ledger.other.snapshot",
    "ledger.other.append.risk", "log.other", "log.main.x", "control.halt", "control.halt.bob", "control.approve.bob",
    "heartbeat.bob.main", "heartbeat.risk.other", "risk.other.query.check", "bars.other.query.paper",
    "_INBOX.x", "_INBOX.bob.x", "balances.paper", "anything",
)  # fmt: skip
"""May be published by nobody; wildcards are asked for beside them."""

UNHEARD: Final = (
    ">", "*", "*.>", "signals.>", "signals.*", "ledger.>", "ledger.main.>", "log.>", "log.*", "risk.>", "bars.>",
    "probe.>", "$JS.>", "$JS.API.>", "$JS.ACK.>", "$JS.EVENT.>", "$SYS.>", "_INBOX.>", "_INBOX.*.x", "_INBOX.bob.>",
    "signals.manual:bob", "log.other", "ledger.other.append.*", "ledger.other.query.*",
)  # fmt: skip
"""May be subscribed to by nobody."""


def allowed(user: str, verb: str) -> set[str]:
    """What a user may publish or subscribe to."""
    return {subject for subject, row in PRODUCT.items() if user in row.users(verb)}


def asked(verb: str) -> set[str]:
    """All that is tried: a wildcard is nothing to publish."""
    if verb == "subscribe":
        return {*PRODUCT, *UNHEARD}
    return {subject for subject in (*PRODUCT, *NOBODYS) if not is_pattern(subject)}


def is_pattern(subject: str) -> bool:
    """Whether a subject holds a wildcard."""
    return subject.endswith(">") or "*" in subject.split(".")
