"""What an address in the settings may be that something is sent to over HTTP."""

from urllib.parse import urlsplit

from tradewire.errors import ConfigError


def verify_address(key: str, address: str, fix: str, credentials: str) -> None:
    """Passes an http URL of host, port and path, or an empty one. `credentials` says where those belong.

    Raises:
        ConfigError: it is none, or holds credentials, which would be shown with it.
    """
    if not address:
        return
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ConfigError(key, "is no URL", fix) from None
    if "@" in parts.netloc:
        raise ConfigError(key, "holds credentials, which would be shown with it", credentials)
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(c.isspace() for c in address):
        raise ConfigError(key, f"is {ascii(address)[:80]}, which is no http or https URL", fix)
    if port == 0 or parts.query or parts.fragment:
        raise ConfigError(key, "has more than host, port and path", fix)
