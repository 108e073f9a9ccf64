"""Kinds of values that a configuration file can hold: addresses, durations, paths, secrets."""

import ipaddress
import stat
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from xmpp_cem.drivers.settings import LocalFile, LocalPath
from xmpp_cem.model.ids import Jid

_LAST_PORT = 65_535


def _secret(path: Path) -> Path:
    """Refuse a file that other users can read or write.

    The group may: systemd's credentials show their owner's access-control entry as group rights.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & stat.S_IRWXO:
        raise ValueError(f"{path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")
    return path


def _filled(path: Path) -> Path:
    if not path.read_text(encoding="utf-8").strip():
        raise ValueError(f"{path} is empty; write the password into it")
    return path


def in_a_folder(path: Path) -> Path:
    """Return the path of a file that may be made; its folder must exist."""
    if not path.parent.is_dir():
        raise ValueError(f"there is no folder {path.parent}; create it or correct the path")
    return path


FilePath = LocalFile
"""A file that exists."""

SecretPath = Annotated[FilePath, AfterValidator(_secret)]
"""A file that only its owner can read."""

PasswordPath = Annotated[SecretPath, AfterValidator(_filled)]
"""A secret file that holds a password; white space around it does not count."""

NewPath = Annotated[LocalPath, AfterValidator(in_a_folder)]
"""A file that may be made; its folder exists."""


def _account(text: str) -> str:
    address = Jid.parse(text)
    if address.connection or "@" not in address.bare:
        raise ValueError(f"{text!r} must be an account; write it as local@host")
    return address.bare


def _peer(text: str) -> str:
    address = Jid.parse(text)
    if "@" not in address.bare:
        raise ValueError(f"{text!r} must be an account; write it as local@host or local@host/vtn")
    return str(address)


def _service(text: str) -> str:
    address = Jid.parse(text)
    if address.connection or "@" in address.bare:
        raise ValueError(f"{text!r} must be a pubsub service; write its host name alone")
    return address.bare


AccountName = Annotated[str, AfterValidator(_account)]
"""A bare XMPP address, `local@host`."""

PeerName = Annotated[str, AfterValidator(_peer)]
"""An XMPP address, bare or with its connection."""

ServiceName = Annotated[str, AfterValidator(_service)]
"""The host name of a pubsub service."""


def _written(value: Any) -> Any:
    """Refuse bare numbers: nobody can see whether they are seconds or minutes."""
    if not isinstance(value, str | timedelta) or (isinstance(value, str) and value[:1] != "P"):
        raise ValueError(f"{value!r} is no ISO 8601 duration; write it as PT10S or PT5M")
    return value


def seconds(value: timedelta) -> str:
    """Write a length of time in seconds for people."""
    return f"{value.total_seconds():.10g} s"


@dataclass(frozen=True)
class Bounds:
    """Least and greatest length of a duration, and the step that it is a multiple of, seconds."""

    least_s: float
    most_s: float
    step_s: float = 1.0

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check text before and length after the standard duration."""
        given = core_schema.no_info_before_validator_function(_written, handler(source))
        return core_schema.no_info_after_validator_function(self._within, given)

    def __str__(self) -> str:
        return f"{self.least_s:.10g} s to {self.most_s:.10g} s"

    def _within(self, value: timedelta) -> timedelta:
        least, most, step = (timedelta(seconds=s) for s in (self.least_s, self.most_s, self.step_s))
        if not least <= value <= most:
            raise ValueError(f"{seconds(value)} is out of range; choose {self}")
        if value % step:
            raise ValueError(f"{seconds(value)} is too fine; use multiples of {seconds(step)}")
        return value


Port = Annotated[int, Field(ge=1, le=65535)]
"""A TCP port."""


def _on_loopback(text: str) -> str:
    host, _, port = text.rpartition(":")
    name = host.strip("[]")
    is_here = name == "localhost" or (name and _is_loopback(name))
    if not is_here or not port.isdecimal() or not 0 <= int(port) <= _LAST_PORT:
        raise ValueError(f"{text!r} is no port on loopback; write it as 127.0.0.1:9100")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


HealthAddress = Annotated[str, AfterValidator(_on_loopback)]
"""A host and port that only this machine reaches; port 0 takes any free one."""
