"""An authority of one's own and the certificates that it issues, for engines and clients under TLS.

For clusters without cert-manager, and for tests. Keys are P-256; files are PEM, those with a key 0600.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from tradewire_cli.engines.folder import write_atomically

AUTHORITY_DAYS: Final = 3_650
CERTIFICATE_DAYS: Final = 365
CA_FILE, CERT_FILE, KEY_FILE = "ca.crt", "tls.crt", "tls.key"
"""As Kubernetes and cert-manager call them."""
_BACKDATED: Final = timedelta(minutes=5)
"""So that a clock that is a little late does not find a new certificate to be of tomorrow."""


class Authority(Struct, frozen=True):
    """Who issues certificates. `key` never leaves the machine that issues."""

    cert: bytes
    key: bytes


class Issued(Struct, frozen=True):
    """A certificate, its key, and the authority that it can be verified by."""

    ca: bytes
    cert: bytes
    key: bytes

    def write(self, folder: Path) -> None:
        """Writes the three files, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / CA_FILE, self.ca, 0o644)
        write_atomically(folder / CERT_FILE, self.cert, 0o644)
        write_atomically(folder / KEY_FILE, self.key)


def new_authority(name: str = "tradewire", days: int = AUTHORITY_DAYS) -> Authority:
    """Makes an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(f"{name} authority")
    builder = _builder(subject, subject, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = builder.add_extension(identifier, critical=False)
    return Authority(_pem(builder.sign(key, hashes.SHA256())), _private(key))


def issue(authority: Authority, name: str, hosts: Sequence[str] = (), days: float = CERTIFICATE_DAYS) -> Issued:
    """Issues a certificate that servers and clients may show. `hosts` are DNS names and addresses."""
    issuer = x509.load_pem_x509_certificate(authority.cert)
    signer = serialization.load_pem_private_key(authority.key, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 - as `new_authority` makes them
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_named(name), issuer.subject, key, days)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = builder.add_extension(x509.ExtendedKeyUsage(both), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts or (name,)]), False)
    ours = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ours)
    builder = builder.add_extension(above, critical=False)
    return Issued(authority.cert, _pem(builder.sign(signer, hashes.SHA256())), _private(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: float
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + timedelta(days=days)) - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(cert: x509.Certificate) -> bytes:
    return cert.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
