"""A gateway between two worlds: two servers, two authorities, two payload profiles, by its file."""

import asyncio
import contextlib
import json
import signal
import sys
import time

import pytest

from xmpp_cem.agents.operator import Operator
from xmpp_cem.config.loading import load
from xmpp_cem.errors import TransportError
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing
from xmpp_cem.testing.toml import toml

pytestmark = [pytest.mark.live, pytest.mark.timeout(150)]

UPPER, LOWER = "above.localhost", "below.localhost"
NAMES = {UPPER: ("vtn-grid", "agg", "operator"), LOWER: ("vtn-sites", "site-1", "site-2")}
DOMAINS = {UPPER: DomainSpec("grid", "vtn-grid"), LOWER: DomainSpec("sites", "vtn-sites")}
BATTERY = {
    "driver": "simulated",
    "kind": "battery",
    "rated_charge_w": 5000,
    "rated_discharge_w": 4000,
    "capacity_wh": 10_000,
}


class Worlds:
    """Two servers and one configuration file for each agent, as an operator writes them."""

    def __init__(self, folder):
        self.folder, self.ends, self.running = folder, {}, {}

    async def start(self, kind, host):
        accounts = [Account(f"{n}@{host}", f"pw-{n}", gateway=True) for n in NAMES[host]]
        server = await PrivateServer.start(kind, self.folder / host, accounts, [DOMAINS[host]])
        self.ends[host] = server.endpoint
        return server

    def account(self, name):
        host = next(host for host, names in NAMES.items() if name in names)
        secret = self.folder / f"{name}.password"
        secret.touch(0o600)
        secret.write_text(f"pw-{name}")
        end = self.ends[host]
        return {
            "jid": f"{name}@{host}",
            "password_file": str(secret),
            "host": end.host,
            "port": end.port,
            "ca_file": str(end.ca_file),
            "watch_every": "PT0.1S",
        }

    def upper(self, name, domain, host, profile):
        vtn = f"vtn-{domain}@{host}"
        account = self.account(name)
        return {"domain": domain, "vtn": vtn, "profile": profile, "account": account}

    def lower(self, domain, host, profile, *members):
        return {
            "domain": domain,
            "pubsub": self.ends[host].pubsub(domain),
            "profile": profile,
            "account": self.account(f"vtn-{domain}"),
            "heartbeat": "PT10S",
            "report_every": "PT5S",
            "operators": [f"operator@{host}"],
            "members": [{"party": m, "account": f"{m}@{host}"} for m in members],
        }

    def write(self, name, role, **tables):
        made = {"role": role, "party": name, "store": str(self.folder / f"{name}.sqlite")}
        path = self.folder / f"{name}.toml"
        path.write_text(toml(made | tables))
        return path

    async def run(self, path):
        with path.with_suffix(".log").open("ab") as log:
            self.running[path.stem] = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "xmpp_cem", "run", str(path), stdout=log, stderr=log
            )

    async def stop(self):
        for child in self.running.values():
            if child.returncode is None:
                child.send_signal(signal.SIGTERM)
        for child in self.running.values():
            await asyncio.wait_for(child.wait(), 15)


@pytest.fixture(params=[("prosody", "ejabberd"), ("ejabberd", "prosody")], ids="-".join)
async def worlds(request, tmp_path):
    for kind in request.param:
        if reason := missing(kind):
            pytest.skip(reason)
    made = Worlds(tmp_path)
    servers = [await made.start(*each) for each in zip(request.param, (UPPER, LOWER), strict=True)]
    yield made
    await made.stop()
    for server in servers:
        await server.stop()


async def test_a_gateway_carries_an_event_from_one_server_and_profile_to_another(worlds):
    above, below = "openadr-2.0b", "iec61968-9"
    files = [
        worlds.write("grid", "vtn", lower=worlds.lower("grid", UPPER, above, "agg")),
        worlds.write(
            "agg",
            "gateway",
            upper=worlds.upper("agg", "grid", UPPER, above),
            lower=worlds.lower("sites", LOWER, below, "site-1", "site-2"),
        ),
    ]
    for name in ("site-1", "site-2"):
        upper = worlds.upper(name, "sites", LOWER, below)
        files.append(worlds.write(name, "ven", upper=upper, resources=[BATTERY | {"id": name}]))
    operator_file = worlds.folder / "operator.toml"
    watched = {
        "domain": "grid",
        "vtn": f"vtn-grid@{UPPER}",
        "pubsub": worlds.ends[UPPER].pubsub("grid"),
    }
    operator_file.write_text(
        toml(
            {
                "role": "operator",
                "party": "operator",
                "account": worlds.account("operator"),
                "domains": [watched],
            }
        )
    )
    assert worlds.ends[UPPER].ca_file.read_bytes() != worlds.ends[LOWER].ca_file.read_bytes()
    for path in files:
        await worlds.run(path)
    async with Operator(load(operator_file)) as operator:

        async def offers():
            (member,) = (await operator.members("grid")).members
            return member.decrease_w >= 8000

        await until(offers, 60)
        created = await command(
            operator_file, "event", "create", "--reduce", "4kW", "--in", "12s", "--for", "30s"
        )

    async def stands(*wanted):
        record = await command(operator_file, "event", "show", created["event"])
        (share,) = record["shares"]
        delivered_w = record["delivered_w"] or 0
        return (share["opt"], share["promised_w"], abs(delivered_w + 4000) < 200) == wanted

    await until(lambda: stands("opted-in", -4000, False), 20)
    await until(lambda: stands("opted-in", -4000, True), 50)
    assert {child.returncode for child in worlds.running.values()} == {None}


async def until(is_true, seconds):
    began = time.monotonic()
    while True:
        with contextlib.suppress(TransportError):
            if await is_true():
                return
        assert time.monotonic() - began < seconds
        await asyncio.sleep(0.2)


async def command(file, *words):
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "xmpp_cem",
        *words[:2],
        str(file),
        *words[2:],
        "--json",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    assert child.returncode == 0
    return json.loads(out)
