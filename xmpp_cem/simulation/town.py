"""A hierarchy of parties that can be killed at any moment and begin again with their disks."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from xmpp_cem.agents.assemble import gateway_engine, site_engine, vtn_engine
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.ids import Jid
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.ports import Role, Store
from xmpp_cem.simulation.connection import Incoming, LivingTransport
from xmpp_cem.simulation.device import Device
from xmpp_cem.simulation.evidence import Evidence, Lived
from xmpp_cem.simulation.life import Life, LivingSite, LivingStore
from xmpp_cem.simulation.loop import VirtualClock, VirtualLoop
from xmpp_cem.simulation.plan import Plan
from xmpp_cem.simulation.server import StormRouter
from xmpp_cem.simulation.speech import LateRow, SharedSpeech, write_nothing
from xmpp_cem.simulation.weather import Fault, Weather
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus_stream import BusStream, Login
from xmpp_cem.wire.digests import digest

HOST = "x.example"
TOP = "grid"
OPERATOR = f"operator@{HOST}"

CONTROL_EVERY = timedelta(seconds=3)
HEARTBEAT = timedelta(seconds=10)


@dataclass
class Resident:
    """A party: what outlives its processes, and the process that runs now."""

    name: str
    upper: str | None
    members: tuple[str, ...]
    disk: MemoryStore = field(default_factory=MemoryStore)
    device: Device | None = None
    life: Life | None = None
    lives: int = 0
    task: asyncio.Task[None] | None = None

    @property
    def domain(self) -> str:
        """The domain that it leads."""
        return TOP if self.upper is None else f"{self.name}-sites"

    @property
    def accounts(self) -> tuple[str, ...]:
        """Bare addresses of its connections."""
        upper = (f"{self.name}@{HOST}",) if self.upper else ()
        return (*upper, vtn_account(self.domain)) if self.members else upper


def vtn_account(domain: str) -> str:
    """Return the account of a domain's VTN."""
    return f"vtn-{domain}@{HOST}"


class Town:
    """All parties of one simulation, and the server between them.

    Args:
        loop: runs everything.
        weather: decides what goes wrong.
        evidence: notes what is seen.
        plan: which server is imitated, and who is above whom.
        speech: the wire code of all parties.
    """

    def __init__(
        self,
        loop: VirtualLoop,
        weather: Weather,
        evidence: Evidence,
        plan: Plan,
        speech: SharedSpeech,
    ) -> None:
        uppers = plan.uppers
        self._loop = loop
        self.clock = VirtualClock(loop)
        self._weather = weather
        self._evidence = evidence
        self.parties = {
            name: Resident(name, uppers.get(name), tuple(m for m, u in uppers.items() if u == name))
            for name in (TOP, *uppers)
        }
        leaders = [party.domain for party in self.parties.values() if party.members]
        admins = {_service(domain).bare: {vtn_account(domain)} for domain in leaders}
        self._speech = speech
        self._report_every_s, self._pace = plan.report_every_s, plan.pace
        self.router = StormRouter(plan.kind, admins, loop, weather)
        for number, party in enumerate(self.parties.values()):
            if not party.members:
                party.device = Device(party.name, 5000 + 100 * number, 3000)

    @property
    def sites(self) -> list[Resident]:
        """The parties that have a device."""
        return [party for party in self.parties.values() if party.device]

    def start(self, name: str) -> None:
        """Start a party with nothing but its disk, unless it runs or the simulation is over."""
        party = self.parties[name]
        if (party.life and not party.life.is_dead) or self._loop.is_closed():
            return
        party.lives += 1
        party.life = life = Life(name, party.lives, self._evidence, lambda: self._died(party))
        self._lived(party, is_up=True)
        for account in party.accounts:
            self.router.mend(account)
        engine = self._engine(party, life)
        party.task = self._loop.create_task(engine.run(), name=name)
        party.task.add_done_callback(lambda task: self._ended(life, task))

    def role(self, name: str, life: int) -> Role:
        """Return the state machine of a party as one of its lives began with it, nothing restored.

        Args:
            name: the party.
            life: which of its lives, which matters until the party has kept its seed.
        """
        party = self.parties[name]
        if party.upper is None:
            return Vtn(self._lower(party))
        upper = self._upper(party, party.upper, life)
        if party.members:
            return Gateway(self._between(party, upper))
        return Site(SiteSettings(upper, CONTROL_EVERY))

    def stop(self) -> None:
        """End everybody, when the simulation is over."""
        for party in self.parties.values():
            if party.life:
                party.life.is_dead = True
            if party.task:
                party.task.cancel()

    def _died(self, party: Resident) -> None:
        """Lose the process: maybe the server sees it at once, maybe it believes in it for long."""
        self._weather.note(Fault.KILLED, *party.accounts)
        self._lived(party, is_up=False)
        seconds, away_s = self._weather.aftermath()
        for account in party.accounts:
            self.router.forbid(account)
            if seconds:
                self.router.hibernate(account, seconds)
            else:
                self.router.cut(account)
        if party.task:
            party.task.cancel()
        self.clock.after(away_s, lambda: self.start(party.name))

    def _lived(self, party: Resident, *, is_up: bool) -> None:
        evidence = self._evidence
        evidence.tell(party.name, "starts" if is_up else "is dead", f"life {party.lives}")
        evidence.lives.append(Lived(evidence.next(), evidence.now(), party.name, is_up))

    def _ended(self, life: Life, task: asyncio.Task[None]) -> None:
        """Note a process that has died of itself: no input may do that."""
        error = None if task.cancelled() else task.exception()
        if not life.is_dead and error is not None:
            self._evidence.deaths.append(f"{life.party}: {_root(error)!r}")
            life.end("of itself")

    def _engine(self, party: Resident, life: Life) -> Engine:
        store = LivingStore(life, party.disk, self._write)
        if party.upper is None:
            engine = vtn_engine(self._lower(party), store, self.clock, self._speech)
        elif party.members:
            settings = self._between(party, self._upper(party, party.upper, party.lives))
            engine = gateway_engine(settings, store, self.clock, self._speech)
        else:
            engine = self._site(party, life, store)
        if not self._speech.is_checked:
            engine.write_down = write_nothing
            engine.write_record = LateRow
        if party.upper is not None:
            self._attach(engine, life, Link.UPPER, Jid(f"{party.name}@{HOST}", "ven"))
        if party.members:
            self._attach(engine, life, Link.LOWER, Jid(vtn_account(party.domain), "vtn"))
        return engine

    async def _write(self) -> None:
        """Take the time that a disk takes; seldom long enough for anything else to happen."""
        random = self._weather.random
        if random.random() < 0.2:  # noqa: PLR2004 one commit in five
            await self.clock.sleep(random.random() * 0.02)

    def _site(self, party: Resident, life: Life, store: Store) -> Engine:
        if party.device is None or party.upper is None:
            raise ValueError(f"{party.name} is no site")
        settings = SiteSettings(self._upper(party, party.upper, party.lives), CONTROL_EVERY)
        program = LivingSite(life, party.device)
        return site_engine(settings, store, self.clock, program, self._speech)

    def _attach(self, engine: Engine, life: Life, link: Link, address: Jid) -> None:
        intake = engine.intake(link)
        incoming = Incoming(life, address.bare, intake.deliver)
        login = Login(address, incoming.receive, intake.is_admitted, engine.trusted(link))
        stream = BusStream(login, self.router)
        engine.attach(link, LivingTransport(life, stream, incoming.asked))

    def _between(self, party: Resident, upper: VenSettings) -> GatewaySettings:
        lower, margin = self._lower(party), timedelta(seconds=1)
        return GatewaySettings(
            upper, lower, margin, look_every=timedelta(seconds=self._pace.look_s)
        )

    def _upper(self, party: Resident, upper: str, life: int) -> VenSettings:
        domain = self.parties[upper].domain
        vtn = Jid(vtn_account(domain), "vtn")
        seed = f"{party.name} {life}"  # drawn by each process, kept by the first one
        return VenSettings(party=party.name, domain=domain, vtn=vtn, digest=digest, seed=seed)

    def _lower(self, party: Resident) -> VtnSettings:
        return VtnSettings(
            party=party.name,
            domain=party.domain,
            address=Jid(vtn_account(party.domain), "vtn"),
            service=_service(party.domain),
            digest=digest,
            members={member: f"{member}@{HOST}" for member in party.members},
            operators=frozenset({OPERATOR}),
            heartbeat=HEARTBEAT,
            report_every=timedelta(seconds=self._report_every_s),
            lease=timedelta(seconds=self._pace.lease_s),
            grace=timedelta(seconds=1),
        )


def _service(domain: str) -> Jid:
    return Jid(f"pubsub-{domain}.{HOST}")


def _root(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
