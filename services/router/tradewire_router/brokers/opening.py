"""Which adapter an account has. An adapter's library is imported only when an account uses it."""

from tradewire.settings import Settings
from tradewire_router.brokers.paper import PaperBroker
from tradewire_router.brokers.port import Broker


def open_broker(settings: Settings, account: str) -> Broker:
    """A new session, not yet connected, for an account of the settings."""
    match settings.accounts[account].broker:
        case "paper":
            return PaperBroker(account, settings.paper, call_seconds=settings.router.call_timeout.seconds)
