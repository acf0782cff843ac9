"""Every subject name, built in one place and only from names that were checked."""

from tradewire.domain import names

SIGNALS_STREAM = "SIGNALS"
SIGNALS_SUBJECTS = "signals.*"
MANUAL_STRATEGY = "manual"


def signals(strategy: str) -> str:
    return f"signals.{strategy}"


def manual_signals(person: str) -> str:
    """Where a person publishes signals by hand: its name is in the subject, which proves who sent them."""
    return signals(f"{MANUAL_STRATEGY}:{person}")


def sender(subject: str) -> tuple[str, str]:
    """The strategy that a subject under `signals.` names, and the person, where it is one who speaks for `manual`."""
    token = subject.partition(".")[2]
    strategy, colon, person = token.partition(":")
    return (strategy, person) if colon and strategy == MANUAL_STRATEGY and names.is_name(person) else (token, "")


def append(shard: str, writer: str) -> str:
    return f"ledger.{shard}.append.{writer}"


def lease(shard: str, writer: str) -> str:
    return f"ledger.{shard}.lease.{writer}"


def snapshot(shard: str) -> str:
    return f"ledger.{shard}.snapshot"


def query(shard: str, what: str) -> str:
    return f"ledger.{shard}.query.{what}"


def risk_query(shard: str, what: str) -> str:
    """Where risk is asked; `*` for `what` is all that it answers."""
    return f"risk.{shard}.query.{what}"


def bars_query(shard: str, account: str) -> str:
    """Where the router of an account is asked for bars."""
    return f"bars.{shard}.query.{account}"


def log(shard: str) -> str:
    return f"log.{shard}"


def log_stream(shard: str) -> str:
    return f"LOG_{shard}"


def heartbeat(service: str, shard: str) -> str:
    return f"heartbeat.{service}.{shard}"


def people(shard: str, account: str, event_type: str, order: str) -> str:
    """Where people hear of an event; `account` or `order` is `-` when there is none."""
    return f"events.{shard}.{account}.{event_type}.{order}"


def control(verb: str, person: str) -> str:
    return f"control.{verb}.{person}"


def token(symbol: str) -> str:
    """A symbol as one token of a subject: `BTC/USDT` is `BTC_USDT`, `BRK.B` is `BRK_B`."""
    return symbol.replace("/", "_").replace(".", "_")


def quotes(venue: str, symbol: str) -> str:
    return f"quotes.{venue}.{token(symbol)}"
