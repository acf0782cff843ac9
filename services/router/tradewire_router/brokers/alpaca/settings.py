"""The settings of an account at Alpaca: where it is, with which keys, and whether these two go together."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.settings import Settings
from tradewire_router.brokers.alpaca.capabilities import FIELDS
from tradewire_router.brokers.errors import BrokerError, WrongAccountError, WrongEnvironmentError
from tradewire_router.brokers.options import EnvironmentMismatchError, Options, Secret

HOSTS = {"paper": "paper-api.alpaca.markets", "live": "api.alpaca.markets"}
DATA_URL = "https://data.alpaca.markets"
QUOTES_URL = "wss://stream.data.alpaca.markets"
_KEY_BEGINS = {"paper": "PK", "live": "AK"}
"""How the key ids of each environment begin; those of neither kind are left for Alpaca to judge."""
_NUMBER_BEGINS = "PA"
"""How the numbers of paper accounts begin."""


class AlpacaSettings(Struct, frozen=True, kw_only=True):
    """Everything that the adapter goes by. `call_seconds` bounds every call."""

    environment: str
    key: Secret
    secret: Secret
    url: str
    stream_url: str
    data_url: str
    quotes_url: str
    feed: str
    rate_per_min: int
    account_number: str
    call_seconds: float

    @property
    def delayed(self) -> bool:
        """Whether prices of shares come late."""
        return self.feed == "delayed_sip"

    def hidden(self, text: str) -> str:
        """A text of the broker's or a library's, without our keys."""
        return self.secret.hidden_in(self.key.hidden_in(text))


def read(settings: Settings, account: str, env: Mapping[str, str] | None = None) -> AlpacaSettings:
    """Returns the settings of an account.

    Raises:
        ConfigError: one is missing or wrong; EnvironmentMismatchError where key or address is of the other environment.
    """
    options = Options(account, settings.accounts[account], FIELDS)
    environment = options.text("environment")
    url = _url(options, "url_override", ("http", "https")) or f"https://{HOSTS[environment]}"
    stream = _url(options, "stream_url_override", ("ws", "wss")) or f"{url.replace('http', 'ws', 1)}/stream"
    data = _url(options, "data_url_override", ("http", "https")) or (url if options.text("url_override") else DATA_URL)
    found = AlpacaSettings(
        environment=environment,
        key=options.secret("api_key", env),
        secret=options.secret("api_secret", env),
        url=url,
        stream_url=stream,
        data_url=data,
        quotes_url=QUOTES_URL if data == DATA_URL else data.replace("http", "ws", 1),
        feed=options.text("feed"),
        rate_per_min=options.number("rate_per_min"),
        account_number=options.text("account_number"),
        call_seconds=settings.router.call_timeout.seconds,
    )
    _verify_together(options, found)
    return found


def why_unauthorized(settings: AlpacaSettings) -> str:
    """What Alpaca's refusal of the keys can mean; it uses the same words for keys of its other environment."""
    where = f"{settings.environment} at {settings.url}"
    if settings.key.reveal().startswith(_KEY_BEGINS[settings.environment]):
        return f"the key is one of this environment ({where}), so it or its secret is wrong, or was revoked"
    kinds = " nor ".join(_KEY_BEGINS.values())
    return f"the keys are wrong or revoked, or of another environment than {where}: the key begins with neither {kinds}"


def wrong_account(settings: AlpacaSettings, number: str) -> BrokerError | None:
    """Why the account that the keys open is not the one that is meant, or None."""
    if settings.account_number and number != settings.account_number:
        message = f"the keys open the account {number}, and account_number says {settings.account_number}"
        return WrongAccountError(message)
    environment = "paper" if number.startswith(_NUMBER_BEGINS) else "live"
    # A twin has one account for both.
    if number and environment == "paper" and settings.environment == "live" and not _is_local(settings.url):
        return WrongEnvironmentError(f"the keys open the paper account {number}, and environment says live")
    if number and environment == "live" and settings.environment == "paper":
        return WrongEnvironmentError(f"the keys open the live account {number}, and environment says paper")
    return None


def _verify_together(options: Options, found: AlpacaSettings) -> None:
    environment, other = found.environment, "live" if found.environment == "paper" else "paper"
    if found.key.reveal().startswith(_KEY_BEGINS[other]):
        problem = f"is a key of the {other} environment, and environment says {environment}"
        fix = f'Make {environment} keys at Alpaca, or write environment = "{other}".'
        raise EnvironmentMismatchError(options.key("api_key"), problem, fix)
    for field, url in (("url_override", found.url), ("stream_url_override", found.stream_url)):
        if urlsplit(url).hostname == HOSTS[other]:
            problem = f"is Alpaca's {other} environment, and environment says {environment}"
            fix = f'Leave it out, or write environment = "{other}".'
            raise EnvironmentMismatchError(options.key(field), problem, fix)


def _url(options: Options, field: str, schemes: tuple[str, ...]) -> str:
    """A URL of the settings, without a slash at its end; keys go to no other machine unless they are encrypted."""
    if not (text := options.text(field)):
        return ""
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.query:
        raise ConfigError(options.key(field), f"is {text!r}", f"Write a URL such as {schemes[0]}://127.0.0.1:8080.")
    if parts.scheme == schemes[0] and not _is_local(text):
        fix = f"Write {schemes[1]}://, or a loopback address for a twin."
        raise ConfigError(options.key(field), "would send the keys in the clear", fix)
    return text.rstrip("/")


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
