import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from xmpp_cem.agents.lasting import Lasts
from xmpp_cem.agents.restarting import raise_fatal
from xmpp_cem.agents.run import _engine, driven_site, run
from xmpp_cem.config.loading import load
from xmpp_cem.config.storing import RetentionConfig
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.site.site import Site
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.errors import ConfigError, StoreError, StoreUnavailableError, XmppCemError
from xmpp_cem.model.ids import Jid
from xmpp_cem.runtime.clock import SystemClock

ACCOUNT = '{ jid = "%s@xmpp.localhost", password_file = "p", host = "127.0.0.1" }'
UPPER = f"""
[upper]
domain = "grid"
vtn = "vtn-grid@xmpp.localhost"
account = {ACCOUNT % "agg"}
"""
LOWER = f"""
[lower]
domain = "agg-sites"
pubsub = "pubsub.xmpp.localhost"
account = {ACCOUNT % "vtn-agg"}
operators = ["op@xmpp.localhost"]
[[lower.members]]
party = "site-1"
account = "site-1@xmpp.localhost"
"""
OPERATOR = f"""
account = {ACCOUNT % "op"}
[[domains]]
domain = "grid"
vtn = "vtn-grid@xmpp.localhost"
pubsub = "pubsub.xmpp.localhost"
"""
BATTERY = """
[[resources]]
id = "battery"
driver = "simulated"
kind = "battery"
rated_charge_w = 5000
rated_discharge_w = 4000
capacity_wh = 10000
"""
BODIES = {
    "vtn": LOWER,
    "ven": UPPER + BATTERY,
    "gateway": UPPER + LOWER,
    "operator": OPERATOR,
}


def config(folder: Path, role: str):
    (folder / "p").write_text("made up")
    (folder / "p").chmod(0o600)
    store = "" if role == "operator" else 'store = "s.sqlite"\n'
    path = folder / "agent.toml"
    path.write_text(f'role = "{role}"\nparty = "agg"\n{store}{BODIES[role]}')
    return load(path)


@pytest.mark.parametrize(
    ("role", "machine", "links"),
    [
        ("vtn", Vtn, {Link.LOWER}),
        ("ven", Site, {Link.UPPER}),
        ("gateway", Gateway, {Link.LOWER, Link.UPPER}),
    ],
)
async def test_a_role_gets_its_machine_and_its_connections(tmp_path, role, machine, links):
    engine = _engine(config(tmp_path, role), SystemClock(), None, Lasts(SystemClock().now))
    assert isinstance(engine._role, machine)
    assert set(engine._transports) == links


async def test_before_its_store_is_read_a_vtn_admits_its_operators_and_a_ven_its_vtn(tmp_path):
    gateway = _engine(config(tmp_path, "gateway"), SystemClock(), None, Lasts(SystemClock().now))
    operator = Jid("op@xmpp.localhost")
    assert gateway.admits(Link.LOWER, operator)
    assert not gateway.admits(Link.UPPER, operator)
    assert not gateway.admits(Link.LOWER, Jid("site-1@xmpp.localhost")), "it may be expelled"
    assert gateway.admits(Link.UPPER, Jid("vtn-grid@xmpp.localhost"))
    assert not gateway.admits(Link.LOWER, Jid("stranger@xmpp.localhost"))


async def test_an_operators_file_runs_nothing(tmp_path):
    with pytest.raises(ConfigError, match="no agent that runs"):
        await run(config(tmp_path, "operator"))


def test_what_a_new_start_cannot_mend_is_raised_however_deep_it_lies():
    deep = ExceptionGroup("a", [ValueError("x"), ExceptionGroup("b", [StoreError("disk")])])
    with pytest.raises(StoreError, match="disk"):
        raise_fatal(deep)
    with pytest.raises(ConfigError):
        raise_fatal(ConfigError("file"))


def test_a_store_that_may_come_back_is_waited_for():
    full = StoreUnavailableError("the disk is full")
    raise_fatal(ExceptionGroup("a", [full, ExceptionGroup("b", [full])]))
    raise_fatal(full)


def waits(logs):
    return [entry for entry in logs if entry["event"] == "the agent waits for its store"]


@pytest.mark.slow
async def test_an_agent_whose_store_is_away_tries_again_until_it_is_there(tmp_path):
    read = config(tmp_path, "vtn")
    away = read.model_copy(update={"store": "postgresql://127.0.0.1:1/nothing"})
    with capture_logs() as logs:
        task = asyncio.create_task(run(away))
        async with asyncio.timeout(15):
            while len(waits(logs)) < 2:  # noqa: ASYNC110 nothing tells when something was logged
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    told = {entry["event"] for entry in logs}
    assert told <= {"the agent waits for its store", "health"}  # a busy machine lets health be told
    assert "start the database server" in waits(logs)[0]["why"]
    assert task.cancelled()


async def test_what_is_kept_is_what_the_file_says(tmp_path):
    read = config(tmp_path, "gateway")
    few = RetentionConfig(journal_rows=500, ended_parts=2000)
    kept = read.model_copy(update={"retention": few})
    engine = _engine(kept, SystemClock(), None, Lasts(SystemClock().now))
    assert engine.keeper._retention.journal_rows == 500
    assert engine._role.vtn.settings.ended_parts == 2000


def test_everything_else_is_a_reason_to_start_anew():
    raise_fatal(ExceptionGroup("a", [XmppCemError("x"), ExceptionGroup("b", [KeyError("y")])]))


async def test_the_configured_resources_make_a_site(tmp_path: Path):
    site = driven_site(config(tmp_path, "ven"), SystemClock())
    (sample,) = await site.read()
    assert (sample.resource, sample.kind, sample.fault) == ("battery", "battery", "")
    await site.close()
