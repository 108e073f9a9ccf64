"""What a private server serves: its address, accounts and communication domains."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import trustme

Kind: TypeAlias = Literal["prosody", "ejabberd"]

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Account:
    """A login.

    Attributes:
        jid: bare JID; its host is the server's.
        password: printable ASCII.
        gateway: whether the server lifts its rate limit, as it does for every VTN.
    """

    jid: str
    password: str
    gateway: bool = False

    @property
    def local(self) -> str:
        """The part of the JID before `@`."""
        return self.jid.partition("@")[0]

    @property
    def host(self) -> str:
        """The part of the JID after `@`."""
        return self.jid.partition("@")[2]


@dataclass(frozen=True)
class DomainSpec:
    """A communication domain to serve.

    Attributes:
        domain: domain id.
        vtn: local part of the account that may create nodes on the domain's pubsub service.
    """

    domain: str
    vtn: str


@dataclass(frozen=True)
class Endpoint:
    """Where a server is reached and how it is trusted.

    Attributes:
        kind: which server.
        xmpp_host: domain part of its accounts.
        host: address to connect to, always loopback.
        port: TCP port for clients, STARTTLS required.
        ca_file: PEM of the authority that signed its certificate.
    """

    kind: Kind
    xmpp_host: str
    host: str
    port: int
    ca_file: Path

    def pubsub(self, domain: str) -> str:
        """JID of the pubsub service of a domain."""
        return f"pubsub-{domain}.{self.xmpp_host}"


@dataclass(frozen=True)
class Federation:
    """How a server speaks with others over s2s.

    Attributes:
        address: its own loopback address; servers find each other on port 5269 of theirs.
        name_server: UDP port on 127.0.0.1 where the names of all these servers are known.
        authority: signs its certificate.
        peers: the authorities of the others.
    """

    address: str
    name_server: int
    authority: trustme.CA
    peers: tuple[trustme.CA, ...]

    def write_peers(self, path: Path) -> None:
        """Write the authorities of all these servers into one PEM file."""
        pems = [one.cert_pem.bytes().decode() for one in (self.authority, *self.peers)]
        write_private(path, "".join(pems))


@dataclass(frozen=True)
class Site:
    """All that a recipe needs to configure one server.

    Attributes:
        endpoint: its address.
        folder: absolute; everything the server writes lives below it.
        deploy: the folder of configuration templates.
        domains: the pubsub services to offer.
        fast_jids: bare JIDs without a rate limit.
        federation: with whom it speaks over s2s, None for nobody.
    """

    endpoint: Endpoint
    folder: Path
    deploy: Path
    domains: tuple[DomainSpec, ...]
    fast_jids: tuple[str, ...]
    federation: Federation | None = None

    @property
    def peers_file(self) -> Path:
        """PEM file of the authorities of the servers that it speaks with."""
        return self.folder / "pki" / "peers.pem"

    def vtn_jid(self, domain: DomainSpec) -> str:
        """Bare JID of a domain's VTN."""
        return f"{domain.vtn}@{self.endpoint.xmpp_host}"

    def fill(self, template: str, values: Mapping[str, str], target: str) -> None:
        """Write a configuration file from a template.

        Args:
            template: path below the deploy folder.
            values: text for each `@NAME@`.
            target: path below the server's folder.
        """
        text = (self.deploy / template).read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
        write_private(self.folder / target, text)


@dataclass(frozen=True)
class Command:
    """How to run a server in the foreground.

    Attributes:
        argv: program and arguments.
        env: its whole environment.
        log: the file that it logs to.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, making its folders."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - by descriptor
        file.write(text)
