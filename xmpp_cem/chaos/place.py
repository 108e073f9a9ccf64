"""Where faults are injected: a private server, a proxy per party, all configuration files."""

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from xmpp_cem.chaos.plan import (
    GATEWAYS,
    GRID,
    HOST,
    MEMBERS,
    OPERATOR,
    PARTIES,
    RATED_W,
    SITES,
    WINDOW_S,
    account,
    accounts,
    leader,
)
from xmpp_cem.chaos.proxy import Proxy
from xmpp_cem.errors import ServerError
from xmpp_cem.model.ids import Jid
from xmpp_cem.testing.server import Account, DomainSpec, Endpoint, Kind, PrivateServer
from xmpp_cem.testing.toml import toml
from xmpp_cem.xmpp.credentials import Credentials

_DEPLOY: Final = Path(__file__).resolve().parents[2] / "deploy"
_SHORTER: Final = {
    "prosody/prosody.cfg.lua.in": (
        ("read_timeout = 20;", "read_timeout = 4;"),
        ("smacks_hibernation_time = 15 ", "smacks_hibernation_time = 3 "),
    ),
    "ejabberd/ejabberd.yml.in": (
        ("ping_interval: 20 ", "ping_interval: 4 "),
        ("ping_ack_timeout: 10 ", "ping_ack_timeout: 3 "),
        ("resume_timeout: 15 ", "resume_timeout: 3 "),
        ("ack_timeout: 15 ", "ack_timeout: 4 "),
        ("what: [register]", "what: [register, change_password]"),
        ("  mod_adhoc: {}\n", "  mod_adhoc: {}\n  mod_admin_extra: {}\n"),
    ),
}
"""The servers' own patience, divided by about five, and one more command for the account fault."""


@dataclass
class Place:
    """A running server and everybody's way to it."""

    folder: Path
    server: PrivateServer
    proxies: dict[str, Proxy] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def open(cls, kind: Kind, folder: Path) -> AsyncIterator["Place"]:
        """Start the server inside the block; raises ServerError."""
        logins = [
            Account(f"{name}@{HOST}", _password(folder, name), gateway=name in GATEWAYS)
            for name in accounts()
        ]
        domains = [DomainSpec(domain, account(domain, leads=True)) for domain in MEMBERS]
        deploy = _hurried(folder / "deploy")
        server = await PrivateServer.start(kind, folder / "server", logins, domains, deploy)
        place = cls(folder, server)
        async with AsyncExitStack() as proxies:
            try:
                for party in PARTIES:
                    serving = Proxy.serving(server.endpoint.port)
                    place.proxies[party] = await proxies.enter_async_context(serving)
                place.write()
                yield place
            finally:
                await server.stop()

    @property
    def endpoint(self) -> Endpoint:
        """The server's own address, without a proxy."""
        return self.server.endpoint

    def config(self, party: str) -> Path:
        """Return the path of a party's configuration."""
        return self.folder / f"{party}.toml"

    def store(self, party: str) -> Path:
        """Return the path of a party's store."""
        return self.folder / "stores" / party / "store.sqlite"

    def log(self, party: str) -> Path:
        """Return the file of what a party says of itself."""
        return self.folder / f"{party}.log"

    def button(self, site: str) -> Path:
        """Return the file that is a site's override button while it exists."""
        return self.folder / f"{site}.override"

    def credentials(self, name: str, connection: str) -> Credentials:
        """Return a login of ours at the server itself, under any account."""
        end_point = self.endpoint
        return Credentials(
            address=Jid(f"{name}@{HOST}", connection),
            password=self.password(name),
            host=end_point.host,
            port=end_point.port,
            ca_file=end_point.ca_file,
            priority=-1,
        )

    def password(self, name: str) -> str:
        """Return an account's password."""
        return (self.folder / f"{name}.password").read_text(encoding="utf-8")

    def write(self) -> None:
        """Write every party's file and the operator's."""
        for party in PARTIES:
            self._write(party, self.configuration(party))
        domains: list[Any] = [
            {
                "domain": domain,
                "vtn": f"{account(domain, leads=True)}@{HOST}",
                "pubsub": self.endpoint.pubsub(domain),
            }
            for domain in MEMBERS
        ]
        operator = {"role": "operator", "party": OPERATOR, "domains": domains}
        self._write(OPERATOR, operator | {"account": self._account(OPERATOR, None)})

    def configuration(self, party: str) -> dict[str, Any]:
        """Return what a party is configured with."""
        self.store(party).parent.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {"party": party, "store": str(self.store(party))}
        if party in MEMBERS:
            config["lower"] = self._lower(party)
        if party != GRID:
            config["upper"] = self._upper(party)
        if party in SITES:
            control = {"every": "PT0.5S"}
            return config | {"role": "ven", "control": control, "resources": [self._battery(party)]}
        if party in GATEWAYS:
            return config | {"role": "gateway", "cascade": {"answer_margin": "PT0.5S"}}
        return config | {"role": "vtn"}

    def _upper(self, party: str) -> dict[str, Any]:
        domain = leader(party)
        return {
            "domain": domain,
            "vtn": f"{account(domain, leads=True)}@{HOST}",
            "account": self._account(account(party, leads=False), party),
            "min_change_every": "PT1S",
        }

    def _lower(self, party: str) -> dict[str, Any]:
        members = [{"party": name, "account": f"{name}@{HOST}"} for name in MEMBERS[party]]
        return {
            "domain": party,
            "pubsub": self.endpoint.pubsub(party),
            "account": self._account(account(party, leads=True), party),
            "heartbeat": "PT10S",
            "report_every": f"PT{WINDOW_S}S",
            "grace": "PT1S",
            "operators": [f"{OPERATOR}@{HOST}"],
            "members": members,
        }

    def _account(self, name: str, party: str | None) -> dict[str, Any]:
        end_point = self.endpoint
        return {
            "jid": f"{name}@{HOST}",
            "password_file": str(self.folder / f"{name}.password"),
            "host": end_point.host,
            "port": self.proxies[party].port if party else end_point.port,
            "ca_file": str(end_point.ca_file),
            "watch_every": "PT0.1S",
        }

    def _battery(self, site: str) -> dict[str, Any]:
        """Return a battery that rests without a set point, and is practically endless."""
        return {
            "id": f"{site}-battery",
            "driver": "simulated",
            "kind": "battery",
            "rated_charge_w": RATED_W,
            "rated_discharge_w": RATED_W,
            "capacity_wh": 10**8,
            "ramp_w_per_s": 10**6,
            "button": str(self.button(site)),
        }

    def _write(self, party: str, config: dict[str, Any]) -> None:
        self.config(party).write_text(toml(config), encoding="utf-8")


def _password(folder: Path, name: str) -> str:
    path = folder / f"{name}.password"
    path.touch(mode=0o600)
    password = secrets.token_urlsafe(18)
    path.write_text(password, encoding="utf-8")
    return password


def _hurried(folder: Path) -> Path:
    """Copy the shipped templates with shorter time-outs; raises ServerError when they changed."""
    shutil.copytree(_DEPLOY, folder)
    for name, changes in _SHORTER.items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in changes:
            if old not in text:
                raise ServerError(f"deploy/{name} has no {old!r} to shorten")
            text = text.replace(old, new)
        (folder / name).write_text(text, encoding="utf-8")
    return folder
