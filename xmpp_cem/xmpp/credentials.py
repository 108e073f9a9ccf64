"""Says who logs in where, with which proof, under which trust."""

import ssl
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificate

from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import Jid


@dataclass(frozen=True)
class Credentials:
    """One account and the way to its server.

    Args:
        address: account with its fixed connection part, such as `vtn@example.org/vtn`.
        password: for SCRAM; never shown.
        certificate, key: PEM files for SASL EXTERNAL, instead of a password.
        host, port: where to connect; else SRV records of the address's host are asked.
        ca_file: PEM bundle to trust instead of the system's.
        allow_scram_sha1: accept SCRAM-SHA-1 where the server has nothing better.
        priority: presence priority, -128 to 127; a standby is negative.
        watch_burst, watch_interval: pace of presence requests; count at once, then seconds each.
    """

    address: Jid
    password: str | None = field(default=None, repr=False)
    certificate: Path | None = None
    key: Path | None = None
    host: str | None = None
    port: int | None = None
    ca_file: Path | None = None
    allow_scram_sha1: bool = False
    priority: int = 0
    watch_burst: int = 4
    watch_interval: float = 15.0

    @property
    def mechanisms(self) -> frozenset[str]:
        """The SASL mechanisms that may be used; there is no fall-back to any other."""
        if self.certificate is not None:
            return frozenset({"EXTERNAL"})
        strong = {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}
        weak = {"SCRAM-SHA-1", "SCRAM-SHA-1-PLUS"} if self.allow_scram_sha1 else set()
        return frozenset(strong | weak)

    @property
    def certificate_ends(self) -> datetime | None:
        """When our certificate ends, as its file says now; None without one that can be read."""
        if self.certificate is None:
            return None
        try:
            return load_pem_x509_certificate(self.certificate.read_bytes()).not_valid_after_utc
        except (OSError, ValueError):
            return None

    def tls_context(self) -> ssl.SSLContext:
        """Return the TLS settings: verified, 1.2 or newer, shared by equal files.

        Raises:
            ConfigError: a file is missing or unusable, or there is not exactly one proof.
        """
        if (self.password is None) == (self.certificate is None):
            raise ConfigError(f"{self.address}: give either a password or a certificate")
        if (self.certificate is None) != (self.key is None):
            raise ConfigError(f"{self.address}: a certificate needs its key, and the reverse")
        for name, path in (
            ("ca_file", self.ca_file),
            ("certificate", self.certificate),
            ("key", self.key),
        ):
            if path is not None and not path.is_file():
                raise ConfigError(f"{self.address}: {name} {path} is no file; check the path")
        try:
            return _context(*(_stamped(p) for p in (self.ca_file, self.certificate, self.key)))
        except OSError as error:  # ssl.SSLError is one
            raise ConfigError(f"{self.address}: TLS files are unusable: {error}") from error


def _stamped(path: Path | None) -> tuple[Path, int] | None:
    return None if path is None else (path.resolve(), path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _context(
    ca_file: tuple[Path, int] | None,
    certificate: tuple[Path, int] | None,
    key: tuple[Path, int] | None,
) -> ssl.SSLContext:
    """Build a context once per content; 66 ms and 0.9 MB each, too much for every client."""
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file[0]))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None and key is not None:
        context.load_cert_chain(certificate[0], key[0])
    return context
