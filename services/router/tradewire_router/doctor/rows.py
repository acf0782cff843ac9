"""What the answers of a broker mean, row by row. Pure. An error is told in the broker's own words."""

from collections.abc import Mapping
from typing import Final

from tradewire.domain.times import SECOND, instant_text
from tradewire_router.brokers import errors as e
from tradewire_router.brokers.options import EnvironmentMismatchError
from tradewire_router.brokers.values import Account, Hours
from tradewire_router.doctor.examine import Examined, Told
from tradewire_router.doctor.row import CHECKS, Row, fail, none, ok, warn

CLOCK_WARNS: Final = 1.0
CLOCK_FAILS: Final = 5.0
"""By how many seconds the broker's clock may differ."""
_HARDEST: Final[tuple[tuple[type[e.BrokerError], str, str, str], ...]] = (
    (
        e.WrongEnvironmentError,
        "environment",
        "the key is of another place: of paper at a live address, or the other way round",
        "use the key of this environment, or set the account to the key's",
    ),
    (
        e.NoDataRightsError,
        "data",
        "the account has no right to these prices",
        "subscribe to the market data at the broker, or set the price source to delayed",
    ),
    (
        e.WrongAccountError,
        "permission",
        "the keys are good, and open another account than the settings mean",
        "mend account_number in the settings, or use the keys of that account",
    ),
    (
        e.PermissionDeniedError,
        "permission",
        "the key is good and may not do this",
        "give the key the right at the broker, or use one that has it",
    ),
    (
        e.BrokerAuthenticationError,
        "key",
        "the key or the secret is wrong, was revoked, or is of another environment whose keys look the same",
        "make a new key at the broker, in this environment, and put it where the settings read it",
    ),
    (
        e.SessionConflictError,
        "key",
        "somebody else is logged in with the same login or client number",
        "end the other session, or use another client number",
    ),
    (
        e.BrokerTimeoutError,
        "port",
        "the broker is slow, or something between swallows what is sent",
        "try again; look at the broker's status page, the firewall and the proxy",
    ),
    (
        e.BrokerConnectionError,
        "port",
        "nobody listens there: the broker or its gateway is down, the address is wrong, or a firewall stands between",
        "start it, or mend address and port in the settings",
    ),
    (e.BrokerMaintenanceError, "port", "the broker is closed for maintenance", "wait until it is over"),
    (e.RateLimitError, "port", "too many questions were asked", "wait a minute; is another program using the key?"),
    (e.BrokerError, "port", "the broker answers with an error of its own", "its words say more"),
)
"""The first that an error is an instance of names the check that it concerns, the cause and the cure."""


def rows_of(found: Examined) -> tuple[Row, ...]:
    """Every row, in the order of CHECKS."""
    if found.refused is not None:
        error = found.refused
        words = f"{error.key} {error.problem}"
        if isinstance(error, EnvironmentMismatchError):
            return _instead(fail("environment", words, _cause("environment"), error.fix))
        return _instead(fail("settings", words, "the adapter does not start with it", error.fix))
    failed = found.session or (found.account if isinstance(found.account, e.BrokerError) else None)
    rows = {"settings": ok("settings", f"{found.broker} starts with them")}
    if failed is not None:
        rows |= _failed(failed)
    else:
        rows |= {
            "port": ok("port", "it answers"),
            "key": ok("key", "it let us in"),
            "environment": ok("environment", "the key fits it"),
        }
        if isinstance(found.account, Account):
            rows["permission"] = _permission(found.account)
    if not found.has_environments and rows.get("environment", none("environment", "")).result != "FAIL":
        rows["environment"] = none("environment", f"{found.broker} has but one")
    clock = None if failed is not None and isinstance(found.clock, e.BrokerError) else _clock(found.clock)
    said = (clock, _data(found), _market(found))
    # An answer that failed as the account did says nothing more: the cause stands in one row.
    known = meaning(failed).cause if failed is not None else ""
    rows |= {row.check: row for row in said if row is not None and not (known and row.cause == known)}
    for check, words in _without(found).items():
        rows[check] = none(check, words)
    return tuple(rows.get(check) or none(check, "not looked at: see what failed above") for check in CHECKS)


def _instead(row: Row) -> tuple[Row, ...]:
    """The row of settings with which nobody was asked, among rows that were not looked at."""
    return tuple(row if check == row.check else none(check, f"not looked at: see {row.check}") for check in CHECKS)


def _cause(check: str) -> str:
    return next(cause for _, of, cause, _ in _HARDEST if of == check)


def meaning(error: e.BrokerError) -> Row:
    """The row that an error leads to."""
    for kind, check, cause, cure in _HARDEST:
        if isinstance(error, kind):
            return fail(check, str(error), cause, cure)
    raise TypeError(type(error).__name__)


def _failed(error: e.BrokerError) -> dict[str, Row]:
    """The row of what failed; what comes before it in CHECKS held."""
    row = meaning(error)
    before = CHECKS[1 : CHECKS.index(row.check)]
    return {check: ok(check, "it answers" if check == "port" else "not what failed") for check in before} | {
        row.check: row
    }


def _permission(told: Account) -> Row:
    if told.status != "active":
        return fail(
            "permission",
            f"the account is {told.status}",
            "the broker has closed or restricted it, or something about it is to be confirmed",
            "log in at the broker and look at its messages",
        )
    return ok("permission", f"active, {told.buying_power:,.2f} {told.currency} to buy with")


def _clock(told: Told | e.BrokerError | None) -> Row | None:
    if told is None:
        return None
    if isinstance(told, e.BrokerError):
        return meaning(told) if meaning(told).check == "clock" else none("clock", f"it does not tell the time: {told}")
    # It was read somewhere between the two: only what lies outside of them is proven.
    off = max(told.before - told.theirs, told.theirs - told.after, 0) / SECOND
    words = f"differs by {off:.1f} s" if off else "agrees"
    cure = "set this machine's clock: run chrony or systemd-timesyncd"
    if off > CLOCK_FAILS:
        return fail("clock", words, "this machine's clock is wrong, or the broker's", cure)
    if off > CLOCK_WARNS:
        return warn("clock", words, "this machine's clock drifts", cure)
    return ok("clock", words)


def _data(found: Examined) -> Row | None:
    if not found.quoted:
        return None
    if isinstance(found.quote, e.BrokerError):
        row = meaning(found.quote)
        return row if row.check == "data" else fail("data", row.found, row.cause, row.cure)
    if found.quote is None:
        return warn(
            "data",
            f"there is no quote of {found.symbol}",
            "nobody tells its prices: the market is closed, it is not traded, or the account has no right to them",
            "name another with --symbol; look at the market data subscriptions at the broker",
        )
    return ok("data", f"{found.symbol} {_price(found.quote.bid)} to {_price(found.quote.ask)}")


def _market(found: Examined) -> Row | None:
    """What the broker says of the symbol and of its hours; those of its exchange are for whoever has the calendar."""
    told = found.instrument
    if told is None:
        return None
    if isinstance(told, e.UnknownSymbolError):
        return fail("market", str(told), "the broker does not trade this symbol", "name another with --symbol")
    if isinstance(told, e.BrokerError):
        row = meaning(told)
        return fail("market", row.found, row.cause, row.cure)
    if told.halted or not told.tradable:
        state = "halted" if told.halted else "not tradable"
        return warn("market", f"{told.symbol} is {state}", "the exchange or the broker has stopped it", "wait")
    if isinstance(found.hours, Hours) and not found.hours.open:
        return closed(f"{found.broker} says that the market of {told.symbol} is closed{opening(found.hours.opens_at)}")
    return ok(
        "market",
        f"{told.symbol} is traded, {f'in the sessions of {told.calendar}' if told.calendar else 'at all times'}",
    )


def closed(found: str) -> Row:
    """The row of a market that is not open."""
    return warn(
        "market",
        found,
        "it is closed: outside of its sessions an exchange takes no market orders, and some brokers no orders at all",
        "wait for the session, or send a limit order that lives until then",
    )


def opening(at: int | None) -> str:
    """When a market opens (µs), as the end of a sentence; empty where nobody says."""
    return "" if at is None else f", and opens at {instant_text(at)}"


def _without(found: Examined) -> Mapping[str, str]:
    return found.capabilities.lacks if found.capabilities is not None and found.session is None else {}


def _price(value: object) -> str:
    return "nothing" if value is None else str(value)
