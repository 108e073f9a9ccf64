"""The commands for members, and commissioning with a network, as programs on real servers."""

import asyncio
import contextlib
import json
import subprocess
import sys

import pytest

from xmpp_cem.signing import verified
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing
from xmpp_cem.testing.toml import toml

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

HOST = "xmpp.localhost"
NAMES = ("vtn-grid", "site-1", "site-2", "site-2-new", "operator")
PROGRAM = (sys.executable, "-c", "from xmpp_cem.cli.main import main; main()")


class Town:
    """A domain with one configured member; the files of everybody, and who runs."""

    def __init__(self, server, folder):
        self.server, self.folder, self.running = server, folder, {}
        for name in NAMES:
            (folder / f"{name}.password").write_text(f"pw-{name}")
            (folder / f"{name}.password").chmod(0o600)
        lower = {
            "domain": "grid",
            "pubsub": server.endpoint.pubsub("grid"),
            "account": self.account("vtn-grid"),
            "members": [{"party": "site-1", "account": f"site-1@{HOST}"}],
            "operators": [f"operator@{HOST}"],
        }
        self.write("vtn", {"role": "vtn", "party": "vtn", "store": "vtn.sqlite", "lower": lower})
        watched = {"domain": "grid", "vtn": f"vtn-grid@{HOST}", "pubsub": lower["pubsub"]}
        operator = {"role": "operator", "party": "op", "account": self.account("operator")}
        self.write("operator", operator | {"domains": [watched]})
        self.site("site-2", "site-2")

    def account(self, name):
        end = self.server.endpoint
        made = {"jid": f"{name}@{HOST}", "password_file": f"{name}.password"}
        return made | {"host": end.host, "port": end.port, "ca_file": str(end.ca_file)}

    def site(self, name, account):
        upper = {"domain": "grid", "vtn": f"vtn-grid@{HOST}", "account": self.account(account)}
        resource = {"id": "store", "driver": "simulated", "kind": "battery"}
        resource |= dict.fromkeys(("rated_charge_w", "rated_discharge_w", "capacity_wh"), 9000)
        made = {"role": "ven", "party": "site-2", "store": f"{name}.sqlite", "upper": upper}
        self.write(name, made | {"resources": [resource]})

    def write(self, name, config):
        (self.folder / f"{name}.toml").write_text(toml(config))

    def start(self, name):
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                (*PROGRAM, "run", f"{name}.toml"), cwd=self.folder, stdout=log, stderr=log
            )

    def stop(self, name):
        self.running[name].terminate()
        self.running.pop(name).wait(20)

    async def call(self, *arguments):
        """Run a command; returns exit code, stdout and stderr."""
        child = await asyncio.create_subprocess_exec(
            *PROGRAM, *arguments, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await child.communicate()
        return child.returncode, out.decode(), err.decode()

    async def members(self):
        code, out, err = await self.call("members", "operator.toml", "--json")
        assert code in {0, 3}, err
        found = json.loads(out) if code == 0 else {"members": [], "waiting": []}
        here = {m["party"]: m["availability"] for m in found["members"] if m["revision"]}
        return here, {each["account"] for each in found["waiting"]}

    async def until(self, is_true):
        async with asyncio.timeout(60):
            while not is_true(*(await self.members())):  # noqa: ASYNC110 programs call nobody
                await asyncio.sleep(0.3)


@pytest.fixture(params=["prosody", "ejabberd"])
async def town(request, tmp_path):
    reason = missing(request.param)
    if reason:
        pytest.skip(reason)
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in NAMES]
    domains = [DomainSpec("grid", "vtn-grid")]
    server = await PrivateServer.start(request.param, tmp_path / "server", accounts, domains)
    made = Town(server, tmp_path)
    yield made
    for child in made.running.values():
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        child.wait()
    await server.stop()


async def verdicts(town, file):
    """Commission; returns the exit code and what to verdict, from the signed record."""
    code, _, _ = await town.call("commission", f"{file}.toml", "--json")
    record, _ = verified((town.folder / f"{file}.sqlite.commission.json").read_bytes())
    return code, {check["what"]: check["verdict"] for check in record["checks"]}


async def done(town, *arguments):
    """Run a command that must succeed; returns what it says."""
    code, out, err = await town.call(*arguments)
    assert code == 0, err
    return out


async def test_a_box_is_admitted_commissioned_replaced_and_taken_out_by_commands_alone(town):
    box, new = f"site-2@{HOST}", f"site-2-new@{HOST}"
    town.start("vtn")
    town.start("site-2")
    await town.until(lambda _, waiting: box in waiting)
    assert "waits for admission" in await done(town, "members", "why", "operator.toml", box)

    said = await done(town, "members", "admit", "operator.toml", box)
    assert said == f"site-2 is admitted with the account {box}\n"
    await town.until(lambda here, _: here.get("site-2") == "available")
    told = await done(town, "commission", "site-2.toml", "--status", "--json")
    good = {what for what, last in json.loads(told)["lasts"].items() if last["success"]}
    assert good >= {"name look-up", "TCP", "TLS", "login", "admission", "driver store"}
    town.stop("site-2")
    code, found = await verdicts(town, "site-2")
    assert code == 0
    assert {found[what] for what in ("login", "admission", "clock", "step")} == {"passed"}

    await done(town, "members", "replace", "operator.toml", "site-2", new)
    town.site("new", "site-2-new")
    town.start("new")
    await town.until(lambda here, _: here.get("site-2") == "available")
    assert f"was replaced by {new}" in await done(town, "members", "why", "operator.toml", box)
    town.stop("new")

    assert await done(town, "leave", "new.toml") == "site-2 has left grid\n"
    assert "left" in await done(town, "members", "operator.toml")
    await done(town, "members", "expel", "operator.toml", "site-2")
    code, found = await verdicts(town, "new")
    assert (code, found["login"], found["admission"]) == (1, "passed", "failed")
