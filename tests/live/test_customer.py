"""The customer's word on a running VEN, by `consent`, `opt` and `override`, on real servers."""

import asyncio
import sys
from datetime import timedelta
from uuid import UUID

import pytest

from xmpp_cem.agents.operator import Operator
from xmpp_cem.bench.detect import Options, Scene
from xmpp_cem.bench.place import HOST, Place
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import Account, DomainSpec, PrivateServer, missing

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

VTN, SITE = "vtn-grid", "site-0"
PEAK = {
    "id": "peak",
    "version": 1,
    "start": "2020-01-01T00:00:00Z",
    "end": "2199-01-01T00:00:00Z",
}


class Home(Scene):
    """A VTN with a programme, and one site that is enrolled in it."""

    def _lower(self):
        made = super()._lower()
        bound = {"party": SITE, "programme": "peak", "resources": ["b"], "consent": "given"}
        bound |= {"version": 1, "since": "2020-01-01T00:00:00Z"}
        made["lower"] |= {"programmes": [PEAK], "enrolments": [bound]}
        return made

    def _upper(self, name):
        made = super()._upper(name)
        bound = {"programme": "peak", "resources": ["b"], "consent": "given"}
        made["enrolments"] = [bound | {"version": 1, "since": "2020-01-01T00:00:00Z"}]
        return made

    async def says(self, command, *words):
        """Run a command on the site's box, and return what it said."""
        file = str(self.place.folder / f"{SITE}.toml")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "xmpp_cem", command, file, *words, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
        assert child.returncode == 0
        return out.decode()

    async def ask(self, number, programme=None, start_in=40, answer_in=30):
        """Ask the same; return the event's id and how the VTN took it."""
        now = self.operator.now()
        start = now + timedelta(seconds=start_in)
        event = Event(
            id=str(UUID(int=number)),
            order=Order(epoch=0, modification=0),
            active=Interval(start=start, end=start + timedelta(minutes=10)),
            signal=Delta(power_w=-1000),
            created=now,
            answer_by=now + timedelta(seconds=answer_in),
            programme=programme,
        )
        body = EndDeviceControls(events=(event,))
        reply = await self.operator.request("grid", Verb.CREATE, Noun.CONTROLS, body=body)
        return event.id, reply

    async def until_yes(self, first, **asking):
        """Call anew until the site says yes: its VTN learns later what its owner has said."""
        for number in range(first, first + 30):
            event, reply = await self.ask(number, **asking)
            if reply.result is Result.OK and (await self.answer(event)).opt is Opt.IN:
                return event
            if reply.result is not Result.FAILED:
                await self.operator.request("grid", Verb.CANCEL, Noun.CONTROLS, ids=(event,))
            await asyncio.sleep(1)
        raise AssertionError("the site never says yes")

    async def until_refused(self, first, **asking):
        """Call anew until the VTN knows that nobody can; return why it refuses."""
        for number in range(first, first + 30):
            event, reply = await self.ask(number, **asking)
            if reply.result is Result.FAILED:
                return reply.errors[0].reason
            await self.operator.request("grid", Verb.CANCEL, Noun.CONTROLS, ids=(event,))
            await asyncio.sleep(1)
        raise AssertionError("the VTN never refuses")

    async def answer(self, event):
        """Wait for the site's answer, whatever it is."""
        for _ in range(300):
            reply = await self.operator.request("grid", Verb.GET, Noun.DISPATCH, ids=(event,))
            for share in reply.body.shares:
                if share.party == SITE and share.opt is not None:
                    return share
            await asyncio.sleep(0.2)
        raise AssertionError("the site says nothing")

    async def until(self, event, opt, reason=""):
        """Wait until the site has answered so."""
        share = None
        for _ in range(300):
            reply = await self.operator.request("grid", Verb.GET, Noun.DISPATCH, ids=(event,))
            shares = [s for s in reply.body.shares if s.party == SITE]
            share = shares[0] if shares else None
            if share and share.opt is opt and reason in share.reason:
                return share
            await asyncio.sleep(0.2)
        raise AssertionError(f"the site says {share}")


@pytest.fixture(params=["prosody", "ejabberd"])
async def home(request, tmp_path):
    if reason := missing(request.param):
        pytest.skip(reason)
    names = (VTN, SITE, "operator")
    accounts = [Account(f"{name}@{HOST}", f"pw-{name}") for name in names]
    server = await PrivateServer.start(
        request.param, tmp_path / "server", accounts, [DomainSpec("grid", VTN)]
    )
    for name in names:
        (tmp_path / f"{name}.password").write_text(f"pw-{name}")
        (tmp_path / f"{name}.password").chmod(0o600)
    place = Place(server, tmp_path)
    try:
        async with Relay(server.endpoint.port).serving() as relay:
            made = Home(place, relay, Options(request.param, vens=1, victims=1))
            await made.start(VTN)
            await made.start(SITE)
            async with Operator(made.operator_config()) as made.operator:
                await made.all_here()
                yield made
    finally:
        await place.close()


async def test_what_the_customer_says_takes_effect_while_the_ven_runs(home):
    event = await home.until_yes(1, programme="peak")
    assert (await home.answer(event)).promised_w == -1000

    assert "withdrawn for all resources" in await home.says("consent", "withdraw", "peak")
    await home.until(event, Opt.OUT, "withdrawn from peak")
    await home.says("consent", "give", "peak")
    await home.until(event, Opt.IN)

    start = f"{home.operator.now():%Y-%m-%dT00:00:00}"
    weekend = ("weekend", "--answer", "no", "--start", start, "--for", "48h", "--reason", "guests")
    await home.says("opt", "add", *weekend)
    await home.until(event, Opt.OUT, "opt schedule: guests")
    await home.says("opt", "remove", "weekend")
    third = await home.until_yes(100)

    await home.says("override", "on", "--for", "1h", "--reason", "film night")
    await home.until(third, Opt.OUT, "local override: film night")
    await home.until_yes(200, start_in=7200)
    why = await home.until_refused(300, start_in=1800)
    assert why == "no member is reachable and ready"
    await home.says("override", "off")
    await home.until_yes(400)
    assert home.running[SITE].returncode is None
