"""What a client shows NATS and what it asks of it, read from the files anew at each connection."""

import base64
import ssl
from collections.abc import Callable
from pathlib import Path

import nkeys
from msgspec import Struct

from tradewire.errors import ConfigError
from tradewire.secret_files import read_secret
from tradewire.settings import Nats

_RENEW = "Write it anew, or name another; it is read again at the next connection."


class Signer(Struct, frozen=True):
    """An nkey at work: its public part, and a function that signs a server's nonce."""

    public_key: str
    sign: Callable[[str], bytes]


class Credentials:
    """The nkey and the TLS files that the settings name."""

    def __init__(self, settings: Nats) -> None:
        self._settings = settings

    @property
    def wants_tls(self) -> bool:
        """Whether a server without TLS is to be refused."""
        given = (self._settings.tls_ca, self._settings.tls_cert)
        return any(given) or any(url.strip().startswith("tls://") for url in self._settings.url.split(","))

    def verify(self) -> None:
        """Reads every file once.

        Raises:
            ConfigError: for the first that is missing or is not what it should be.
        """
        self.tls_context()
        self.signer()

    def signer(self) -> Signer | None:
        """The nkey, or None where the settings name none.

        Raises:
            ConfigError: its file is missing, for everybody to read, or no seed.
        """
        if not self._settings.nkey_file:
            return None
        seed = read_secret(
            Path(self._settings.nkey_file),
            "nats.nkey_file",
            missing="Put the seed of the NATS user there, or name another file.",
            empty="Put the seed of the NATS user there.",
        )
        try:
            pair = nkeys.from_seed(bytearray(seed.encode()))
        except (nkeys.NkeysError, ValueError):
            problem = f"{self._settings.nkey_file} holds no nkey seed"
            raise ConfigError("nats.nkey_file", problem, "A seed begins with SU.") from None
        return Signer(pair.public_key.decode().rstrip("="), lambda nonce: base64.b64encode(pair.sign(nonce.encode())))

    def tls_context(self) -> ssl.SSLContext | None:
        """What a server's certificate must satisfy and what is shown to it; None without TLS.

        Raises:
            ConfigError: a file is missing, or is no certificate or key, or the two do not belong together.
        """
        if not self.wants_tls:
            return None
        settings = self._settings
        context = _trusting(settings.tls_ca)
        if settings.tls_cert:
            _readable(settings.tls_cert, "nats.tls_cert")
            read_secret(Path(settings.tls_key), "nats.tls_key", missing=_RENEW, empty=_RENEW)
            try:
                context.load_cert_chain(settings.tls_cert, settings.tls_key)
            except (ssl.SSLError, OSError) as error:
                problem = f"{settings.tls_cert} and nats.tls_key do not make a certificate: {error}"
                raise ConfigError("nats.tls_cert", problem, _RENEW) from None
        return context


def _trusting(authority: str) -> ssl.SSLContext:
    if not authority:
        return ssl.create_default_context()
    _readable(authority, "nats.tls_ca")
    try:
        return ssl.create_default_context(cafile=authority)
    except (ssl.SSLError, OSError) as error:
        raise ConfigError("nats.tls_ca", f"{authority} holds no certificate: {error}", _RENEW) from None


def _readable(name: str, key: str) -> None:
    try:
        Path(name).read_bytes()
    except OSError as error:
        raise ConfigError(key, f"{name}: {error.strerror}", _RENEW) from None
