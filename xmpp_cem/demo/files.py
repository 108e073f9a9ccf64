"""Writes the files of the demonstration, just as an operator would write them."""

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from xmpp_cem.demo.plan import (
    FAILSAFE_W,
    GRID,
    HOST,
    OPERATOR,
    REPORT_S,
    TESTER,
    VTN_LOST_S,
    Plan,
    Site,
)
from xmpp_cem.testing.server import Account, Endpoint

_HOUR = 16
"""The profiles' day begins the demonstration at this hour, UTC: early evening in Germany."""

_LEASE_S = 25
"""Of real time: the net is no faster in simulated time."""


@dataclass(frozen=True)
class Time:
    """When the demonstration begins and how fast it goes."""

    origin: datetime
    speed: float

    @property
    def offset(self) -> timedelta:
        """What turns the present into the chosen hour of the profiles' day."""
        hour = self.origin.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
        return hour - self.origin

    @property
    def table(self) -> str:
        """The `[clock]` of every file, or nothing at the speed of life."""
        if self.speed == 1:
            return ""
        origin = self.origin.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return f"\n[clock]\norigin = {origin}\nspeed = {float(self.speed)}\n"


_FAILSAFE = (
    f"\n[failsafe]\nimport_w = {FAILSAFE_W}\nexport_w = {FAILSAFE_W}\n"
    f'vtn_lost_after = "PT{VTN_LOST_S}S"\nlongest_delay = "PT0S"\n'
)


class Files:
    """The folder of a demonstration: passwords, configurations, logs, override buttons."""

    def __init__(self, folder: Path, plan: Plan, time: Time) -> None:
        self.folder = folder
        self._plan = plan
        self._time = time

    @property
    def server(self) -> Path:
        """Folder of the XMPP server."""
        return self.folder / "server"

    def accounts(self) -> list[Account]:
        """Make every account with a fresh password, kept in a file of mode 0600."""
        gateways = {a.party for a in self._plan.aggregators}
        return [
            Account(f"{name}@{HOST}", self._password(name), gateway=name in gateways)
            for name in self._plan.accounts
        ]

    def config(self, party: str) -> Path:
        """Return the path of an agent's or operator's configuration."""
        return self.folder / f"{party}.toml"

    def log(self, party: str) -> Path:
        """Return the path of an agent's log."""
        return self.folder / f"{party}.log"

    def button(self, site: Site) -> Path:
        """Return the file that is a site's override button while it exists."""
        return self.folder / f"{site.party}.override"

    def password(self, name: str) -> str:
        """Return an account's password."""
        return (self.folder / f"{name}.password").read_text(encoding="utf-8")

    def write(self, endpoint: Endpoint, profiles: dict[str, Path]) -> None:
        """Write one file per agent and one for the operator."""
        aggregators = self._plan.aggregators
        names = [aggregator.party for aggregator in aggregators]
        self._write(GRID, "vtn", self._lower(endpoint, GRID, names))
        for aggregator in aggregators:
            sites = [site.party for site in aggregator.sites]
            upper = self._upper(endpoint, aggregator.party, GRID)
            lower = self._lower(endpoint, aggregator.party, sites)
            self._write(aggregator.party, "gateway", upper + lower)
            for site in aggregator.sites:
                upper = self._upper(endpoint, site.party, aggregator.party)
                guard = _FAILSAFE if site == self._plan.guarded else ""
                self._write(site.party, "ven", upper + guard + self._resources(site, profiles))
        watched = "".join(self._watched(endpoint, domain) for domain in self._plan.domains)
        account = f"account = {self._account(endpoint, OPERATOR)}\n"
        text = f'role = "operator"\nparty = "{OPERATOR}"\n{account}{self._time.table}{watched}'
        self.config(OPERATOR).write_text(text, encoding="utf-8")

    def _write(self, party: str, role: str, rest: str) -> None:
        head = f'role = "{role}"\nparty = "{party}"\nstore = "{party}.sqlite"\n'
        self.config(party).write_text(head + self._time.table + rest, encoding="utf-8")

    def _upper(self, endpoint: Endpoint, party: str, domain: str) -> str:
        vtn = self._plan.domains[domain]
        return (
            f'\n[upper]\ndomain = "{domain}"\nvtn = "{vtn}@{HOST}"\n'
            f"account = {self._account(endpoint, party)}\n"
        )

    def _lower(self, endpoint: Endpoint, domain: str, members: list[str]) -> str:
        account = self._account(endpoint, self._plan.domains[domain])
        listed = "".join(
            f'\n[[lower.members]]\nparty = "{member}"\naccount = "{member}@{HOST}"\n'
            for member in members
        )
        return (
            f'\n[lower]\ndomain = "{domain}"\npubsub = "{endpoint.pubsub(domain)}"\n'
            f'account = {account}\nheartbeat = "PT10S"\nreport_every = "PT{REPORT_S}S"\n'
            f'lease = "PT{round(_LEASE_S * self._time.speed)}S"\n'
            f'operators = ["{OPERATOR}@{HOST}", "{TESTER}@{HOST}"]\n{listed}'
        )

    def _resources(self, site: Site, profiles: dict[str, Path]) -> str:
        tables = []
        for resource in site.resources:
            values = dict(resource, driver="simulated", button=str(self.button(site)))
            values["id"] = f"{site.party}-{resource['id']}"
            if "profile" in values:
                values["profile"] = str(profiles[values["profile"]])
            seconds = int(self._time.offset.total_seconds())
            values["offset"] = f"{'-' if seconds < 0 else ''}PT{abs(seconds)}S"
            tables.append("\n[[resources]]\n" + _lines(values))
        return "".join(tables)

    def _watched(self, endpoint: Endpoint, domain: str) -> str:
        vtn = self._plan.domains[domain]
        return (
            f'\n[[domains]]\ndomain = "{domain}"\nvtn = "{vtn}@{HOST}"\n'
            f'pubsub = "{endpoint.pubsub(domain)}"\n'
        )

    def _account(self, endpoint: Endpoint, name: str) -> str:
        values = {
            "jid": f"{name}@{HOST}",
            "password_file": f"{name}.password",
            "host": endpoint.host,
            "port": endpoint.port,
            "ca_file": str(endpoint.ca_file),
            "watch_every": "PT0.1S",
        }
        return "{ " + ", ".join(f"{k} = {json.dumps(v)}" for k, v in values.items()) + " }"

    def _password(self, name: str) -> str:
        path = self.folder / f"{name}.password"
        path.touch(mode=0o600)
        password = secrets.token_urlsafe(18)
        path.write_text(password, encoding="utf-8")
        return password


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
