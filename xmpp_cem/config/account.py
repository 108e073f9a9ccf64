"""Who logs in where, and with which proof."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import model_validator

from xmpp_cem.config.fields import AccountName, Bounds, FilePath, PasswordPath, Port, SecretPath
from xmpp_cem.config.section import Section


class AccountConfig(Section):
    """An XMPP account: its proof is either a password or a client certificate with its key."""

    jid: AccountName
    """The account, `local@host`."""

    password_file: PasswordPath | None = None
    """File with the password for SCRAM; not readable by others."""

    certificate: FilePath | None = None
    """PEM file of the client certificate for SASL EXTERNAL."""

    key_file: SecretPath | None = None
    """PEM file of the certificate's key; not readable by others."""

    host: str | None = None
    """Where to connect; else DNS is asked for the account's host."""

    port: Port | None = None
    """TCP port with STARTTLS; only together with `host`."""

    ca_file: FilePath | None = None
    """PEM file of the authorities to trust, instead of the system's."""

    watch_every: Annotated[timedelta, Bounds(0.1, 600, 0.1)] = timedelta(seconds=15)
    """Pace of requests to see others' presence after the first four; stock ejabberd drops more."""

    allow_scram_sha1: bool = False
    """Accept SCRAM-SHA-1 where the server offers nothing better; weak, warns at each start."""

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.password_file is None) == (self.certificate is None):
            raise ValueError("there must be one proof; give either password_file or certificate")
        if (self.certificate is None) != (self.key_file is None):
            raise ValueError("certificate and key_file belong together; give both or neither")
        if self.port is not None and self.host is None:
            raise ValueError("port is given without host; add host")
        return self

    @property
    def proof(self) -> str:
        """How the account proves itself, for people."""
        return "certificate" if self.certificate else "password"

    def password(self) -> str | None:
        """Read the password; None with a certificate. Raises OSError when the file is gone."""
        if self.password_file is None:
            return None
        return self.password_file.read_text(encoding="utf-8").strip()
