"""The hub's certificate, and the authority that signs it: made on the hub's host, pinned on all others."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from amq.bridge.checked_table import BadBridge
from amq.bridge.config import read_key, write_key
from amq.bridge.crypto import NoBridgeExtra
from amq.errors import why
from amq.runtime.private_state import is_there, write_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

DEFAULT_PORT = 4222
AUTHORITY_DAYS, SERVER_DAYS = 7305, 3652
"""The time for which the authority and the server's certificate count: 20 and 10 years."""
_SKEW = timedelta(days=1)
"""The most that another host's clock may be behind."""


def place(url: str) -> tuple[str, int]:
    """Return host and port of the hub's address URL, which `checked_table` has checked."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or DEFAULT_PORT


def make_certificates(directory: str, ca: str, url: str, now: datetime | None = None) -> None:
    """Make a certificate for the hub at URL: `server.pem` and `server.key` in DIRECTORY.

    The authority, `ca.key` in DIRECTORY and its certificate CA, is made if it is missing; else it stays, and with it
    what the other hosts have pinned. Raises OSError, BadBridge, or NoBridgeExtra.
    """
    try:
        from cryptography.hazmat.primitives.asymmetric import ec
    except ImportError as error:
        raise NoBridgeExtra(error) from error
    moment = now or datetime.now(UTC)
    key_path = f"{directory}/ca.key"
    if not is_there(key_path):
        authority_key = ec.generate_private_key(ec.SECP256R1())
        write_private(ca, _pem(_authority(authority_key, moment)))
        write_key(key_path, _key_pem(authority_key))
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(f"{directory}/server.pem", _pem(_server(key, _load_key(key_path), _load(ca), place(url)[0], moment)))
    write_key(f"{directory}/server.key", _key_pem(key))


def is_certificate(text: str) -> bool:
    """Return whether TEXT is a certificate in PEM form that may sign others'."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return context.cert_store_stats()["x509_ca"] == 1 == context.cert_store_stats()["x509"]


def valid_until(path: str) -> datetime:
    """Return the end of the certificate in the file PATH. Raises BadBridge, or NoBridgeExtra."""
    try:
        return _load(path).not_valid_after_utc
    except ImportError as error:
        raise NoBridgeExtra(error) from error


def pinned(ca: str) -> ssl.SSLContext:
    """Return a context that trusts servers of the authority in the file CA, and no other. Raises BadBridge."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        context.load_verify_locations(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        hint = "join with the hub's invitation again: amq bridge join FILE"
        raise BadBridge(f"the hub's authority {ca} cannot be read: {why(error)}", hint=hint) from error
    return context


def _authority(key: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    from cryptography import x509

    name = _name("amq bridge hub")
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    extensions = [(x509.BasicConstraints(ca=True, path_length=0), True), (usage, True)]
    return _signed(name, name, key, key, AUTHORITY_DAYS, now, extensions)


def _server(
    key: EllipticCurvePrivateKey,
    authority_key: EllipticCurvePrivateKey,
    authority: x509.Certificate,
    host: str,
    now: datetime,
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        named: x509.GeneralName = x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        named = x509.DNSName(host)
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([named]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ]
    return _signed(_name(host[:64]), authority.subject, key, authority_key, SERVER_DAYS, now, extensions)


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    days: int,
    now: datetime,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
    )
    identifiers = (
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
    )
    for extension, is_critical in (*extensions, *((each, False) for each in identifiers)):
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(signer, hashes.SHA256())


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _load(path: str) -> x509.Certificate:
    from cryptography import x509

    try:
        with open(path, "rb") as file:
            return x509.load_pem_x509_certificate(file.read())
    except (OSError, ValueError) as error:
        raise BadBridge(f"{path} holds no certificate: {why(error)}", hint=_LOST) from error


def _load_key(path: str) -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(read_key(path), None)
    except (ValueError, TypeError) as error:
        raise BadBridge(f"{path} holds no key: {error}", hint=_LOST) from error
    if not isinstance(key, EllipticCurvePrivateKey):
        raise BadBridge(f"{path} holds no key that amq has made", hint=_LOST)
    return key


_LOST = "bring it back from a backup; without one, remove it and ca.key: every host then joins again (docs/bridge.md)"
