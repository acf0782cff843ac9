"""Which processes Tradewire is made of, in the order in which they start; they stop in the reverse order."""

from typing import Final, Literal

from msgspec import Struct

from tradewire.permissions import Role
from tradewire.settings import Settings

Needs = Literal["postgres", "paper", "broker"]


class Service(Struct, frozen=True):
    """A service's process: its module, its NATS user, what it needs beside NATS, and settings that are its alone."""

    name: str
    module: str
    user: Role
    needs: frozenset[Needs] = frozenset()
    settings: tuple[tuple[str, str], ...] = ()


_LEDGER: Final = (
    Service("sequencer", "tradewire_ledger.sequencer", "sequencer", frozenset({"postgres"})),
    Service("reader", "tradewire_ledger.reader", "reader", frozenset({"postgres"})),
)
_PAPER: Final = Service("paper", "tradewire_router.paper", "paper", frozenset({"paper"}))
_BACKUP: Final = Service("backup", "tradewire_ledger.backup", "backup", frozenset({"postgres"}))
_DECIDERS: Final = (
    Service("risk", "tradewire_risk", "risk"),
    Service("ingest", "tradewire_ingest", "ingest"),
)


def services_of(settings: Settings) -> tuple[Service, ...]:
    """Returns the services that the settings ask for: a router an account, the paper broker if one trades there.

    Where backups go anywhere, their schedule is one of them.
    """
    accounts = sorted(settings.accounts)
    paper = any(settings.accounts[account].broker == "paper" for account in accounts)
    routers = tuple(_router(settings, account) for account in accounts)
    backup = (_BACKUP,) if settings.backup.to else ()
    return (*_LEDGER, *((_PAPER,) if paper else ()), *routers, *_DECIDERS, *backup)


def router_of(settings: Settings, account: str) -> str:
    """The name of the process that routes an account's orders."""
    return "router" if len(settings.accounts) == 1 else f"router-{account}"


def _router(settings: Settings, account: str) -> Service:
    return Service(
        name=router_of(settings, account),
        module="tradewire_router",
        user="router",
        needs=frozenset({"paper", "broker"}),
        settings=(("TRADEWIRE_ROUTER_ACCOUNT", account),),
    )
