"""When the certificates that a process relies on end: a metric to be warned by, and a note in the last two weeks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from prometheus_client import CollectorRegistry, Gauge

from tradewire.settings import Settings

CHECK_SECONDS = 60.0
NOTE_DAYS = 14
_OPENSSL = "%b %d %H:%M:%S %Y GMT"


class Expiry:
    """The metric of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._ends = Gauge(
            "tradewire_certificate_expiry_timestamp_seconds",
            "When a certificate that the process relies on ends, in seconds since the epoch",
            ["certificate"],
            registry=registry,
        )

    def look(self, settings: Settings, nats_server: str) -> str:
        """Reads the files anew and sets the metric; returns what a person should know, or nothing.

        `nats_server` is when the certificate of the connected server ends, as OpenSSL writes it; empty without one.
        """
        ends = dict(_of_files(settings))
        if nats_server:
            ends["nats_server"] = datetime.strptime(nats_server, _OPENSSL).replace(tzinfo=UTC)
        self._ends.clear()
        for name, end in ends.items():
            self._ends.labels(name).set(end.timestamp())
        now = datetime.now(UTC)
        soon = sorted((end, name) for name, end in ends.items() if (end - now).days < NOTE_DAYS)
        return "; ".join(f"{name} {'ended' if end < now else 'ends'} at {end:%Y-%m-%d %H:%M} UTC" for end, name in soon)


def _of_files(settings: Settings) -> Iterator[tuple[str, datetime]]:
    nats, postgres = settings.nats, settings.postgres
    files = [("nats_ca", nats.tls_ca), ("nats_client", nats.tls_cert)]
    for dsn in (postgres.dsn, postgres.reader_dsn):
        asked = parse_qs(urlsplit(dsn).query)
        files += [
            ("postgres_ca", asked.get("sslrootcert", [""])[0]),
            ("postgres_client", asked.get("sslcert", [""])[0]),
        ]
    for name, file in files:
        if file and (end := ends_at(Path(file))) is not None:
            yield name, end


def ends_at(file: Path) -> datetime | None:
    """When the first of a file's certificates ends; None when it holds none, which whoever uses it complains of."""
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return None
    return min(certificate.not_valid_after_utc for certificate in found)
