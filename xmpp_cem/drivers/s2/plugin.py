"""The plug-in `s2`: resources whose resource manager speaks S2 (EN 50491-12-2)."""

import ipaddress
import secrets
import ssl
import uuid
from typing import Annotated, Self

from pydantic import Field, model_validator

from xmpp_cem.drivers.driver import Driver
from xmpp_cem.drivers.plugin import Clock, DriverPlugin
from xmpp_cem.drivers.settings import LocalFile, Settings
from xmpp_cem.errors import ConfigError


class S2Config(Settings):
    """A resource whose resource manager connects to us by WebSocket; each has a port of its own."""

    kind: Annotated[str, Field(min_length=1, max_length=32)]
    """What it is, for people: `ev`, `heat-pump`, `battery`."""

    host: str = "127.0.0.1"
    """Address that we listen on; beyond this computer it needs a certificate and a token."""

    port: Annotated[int, Field(ge=0, le=65535)]
    """TCP port that we listen on."""

    certificate: LocalFile | None = None
    """PEM file of our certificate: resource managers then connect to `wss://`."""

    key_file: LocalFile | None = None
    """PEM file of its key."""

    token_file: LocalFile | None = None
    """File with the bearer token that a resource manager has to show."""

    reverts_after_s: Annotated[int, Field(ge=3, le=86_400)] = 60
    """For how long a power envelope holds when we are silent, s; then the resource is free."""

    measured_within_s: Annotated[int, Field(ge=1, le=86_400)] = 300
    """An older measurement of power is no reading any more, s."""

    horizon_s: Annotated[int, Field(ge=1, le=86_400)] = 900
    """For how long a storage's offered flexibility can be kept up, s."""

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if (self.certificate is None) != (self.key_file is None):
            raise ValueError("certificate and key_file belong together; give both or neither")
        if _is_local(self.host) or (self.certificate and self.token_file):
            return self
        raise ValueError(
            f"{self.host} can be reached from other computers; "
            "give certificate, key_file and token_file, or use 127.0.0.1"
        )


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _build(config: S2Config, clock: Clock) -> Driver:
    from xmpp_cem.drivers.s2.driver import S2Driver, Wishes
    from xmpp_cem.drivers.s2.server import Listener

    tls, token = _tls(config), _token(config)
    wishes = Wishes(config.kind, config.reverts_after_s, config.measured_within_s, config.horizon_s)
    return S2Driver(
        lambda speak: Listener(config.host, config.port, tls, token, speak),
        wishes,
        lambda: uuid.UUID(bytes=secrets.token_bytes(16), version=4),
        clock,
    )


def _tls(config: S2Config) -> ssl.SSLContext | None:
    if config.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(config.certificate, config.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{config.certificate}: no certificate with its key: {error}") from error
    return context


def _token(config: S2Config) -> str:
    if config.token_file is None:
        return ""
    token = config.token_file.read_text(encoding="utf-8").strip()
    if not token:
        raise ConfigError(f"{config.token_file}: is empty; write the token into it")
    return token


PLUGIN = DriverPlugin(S2Config, _build, ("s2python", "websockets"), "xmpp-cem[s2]")
