"""A throw-away certificate authority for one private server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import trustme

from xmpp_cem.testing.site import write_private

# ejabberd sets a timer to the expiry, and trustme's own, the year 3000, is too far for Erlang.
_NOT_AFTER: Final = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ServerPki:
    """The files of a server's PKI, PEM, mode 0600.

    Attributes:
        ca_file: the authority's certificate.
        certificate: the server's certificate and chain.
        key: the server's key.
        bundle: key and chain in one file.
    """

    ca_file: Path
    certificate: Path
    key: Path
    bundle: Path


def make_pki(
    folder: Path,
    names: tuple[str, ...],
    authority: trustme.CA | None = None,
    not_after: datetime = _NOT_AFTER,
) -> ServerPki:
    """Make a server certificate for DNS names, and an authority unless there is one.

    The authority's key is not kept.
    """
    authority = authority or trustme.CA()
    server = authority.issue_cert(*names, not_after=not_after)
    key = server.private_key_pem.bytes().decode()
    chain = "".join(blob.bytes().decode() for blob in server.cert_chain_pems)
    pki = ServerPki(
        ca_file=folder / "ca.pem",
        certificate=folder / "server.crt",
        key=folder / "server.key",
        bundle=folder / "server.pem",
    )
    write_private(pki.ca_file, authority.cert_pem.bytes().decode())
    write_private(pki.certificate, chain)
    write_private(pki.key, key)
    write_private(pki.bundle, key + chain)
    return pki
