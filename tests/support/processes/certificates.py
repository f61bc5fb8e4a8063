"""Certificates for loopback that vouch for themselves."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_NAMES = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def pair(*, days: float = 60) -> tuple[str, str]:
    """A new certificate, valid from a year ago until in so many days, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "edge")])
    now = datetime.now(tz=UTC)
    certificate = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=365))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(_NAMES, critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret = key.private_bytes(serialization.Encoding.PEM, *plain)
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def make(bundle: Path) -> Path:
    """Write a new certificate with its key into one file, as the edge reads it; clients may trust that file."""
    bundle.write_text("".join(pair()), encoding="utf-8")
    return bundle


def trusting(bundle: Path) -> ssl.SSLContext:
    """A client that believes this certificate and no other."""
    return ssl.create_default_context(cafile=bundle)


def served(port: int) -> str:
    """The certificate, as PEM, that a server on loopback shows now."""
    return ssl.get_server_certificate(("127.0.0.1", port), timeout=5)
