"""A domain for long loads: a VTN, sites of many resources, and stores that count."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from xmpp_cem.agents.application import Decision, FunctionSite, OptIn
from xmpp_cem.agents.assemble import site_engine, vtn_engine
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.history import HistorySettings
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import Jid, ResourceId
from xmpp_cem.model.keeping import Batch, Retention, Row
from xmpp_cem.model.position import Position
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.simulation.loop import VirtualClock, VirtualLoop
from xmpp_cem.simulation.server import StormRouter
from xmpp_cem.simulation.town import HOST, OPERATOR, TOP, vtn_account
from xmpp_cem.simulation.weather import Weather
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus_service import Kind
from xmpp_cem.testing.bus_stream import BusStream, Login
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.digests import digest

_SECOND = timedelta(seconds=1)
_KEPT = Retention(journal_rows=2000, replies=2000)
_REPORTS = 300
_ENDED_FOR = 60 * _SECOND
_HISTORY = HistorySettings(readings_for=300 * _SECOND, history_for=300 * _SECOND)


class CountingStore(MemoryStore):
    """A store that counts the distinct records of each kind that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Counter[str] = Counter()
        self.positions: dict[str, Position | None] = {}
        self._live: set[tuple[str, str]] = set()

    async def commit(self, batch: Batch) -> None:
        """Take the batch over."""
        await super().commit(batch)
        for row in batch.put:
            if row.kind == "member":
                self._note(row)
            if (row.kind, row.key) not in self._live:
                self._live.add((row.kind, row.key))
                self.rows[row.kind] += 1
                self._note(row)
        self._live.difference_update(batch.drop)

    @property
    def size(self) -> int:
        """How many records it holds now."""
        return len(self._live)

    def _note(self, row: Row) -> None:
        """Note how far a member's reports are known, and how many readings it made."""
        if row.kind == "report":
            told = json.loads(row.value)
            self.rows["reading"] += len(told["readings"])
            self.positions[""] = Position(*told["position"])
        elif row.kind == "member":
            told = json.loads(row.value)
            known = told["known"]
            self.positions[told["party"]] = Position(*known) if known else None


class Meters(Meter):
    """Many resources of one site, each of which obeys at once."""

    def __init__(self, party: str, count: int) -> None:
        super().__init__(party, 5000, 3000)
        self._names = [f"{party}-{number}" for number in range(count)]
        self._points: dict[str, int | None] = {}

    async def act(self, set_point: SetPoint) -> None:
        """Take a set point."""
        self._points[set_point.resource] = set_point.power_w

    async def answer(self, _event: Event, power_w: int) -> Decision:
        """Take part in everything; unlike one resource for tests, they note nothing."""
        return OptIn(power_w)

    async def read(self) -> list[Sample]:
        """Return a sample of each."""
        (sample,) = await super().read()
        return [
            sample.model_copy(
                update={"resource": name, "power_w": self._points.get(name) or self.free_w}
            )
            for name in self._names
        ]


@dataclass(frozen=True)
class Load:
    """What is asked of the domain.

    Args:
        seconds: how long, virtual time.
        controls: a second.
        readings: a second, of all sites together.
        sites: how many there are.
        aimed: of so many sites each control means one resource, all in turn; 0: of all sites all.
    """

    seconds: int = 3600
    controls: float = 50.0
    readings: int = 500
    sites: int = 2
    aimed: int = 1

    @property
    def each(self) -> int:
        """How many resources a site has; each is read every second."""
        return max(1, self.readings // self.sites)


class Domain:
    """A VTN and its sites on one simulated server without faults."""

    def __init__(self, loop: VirtualLoop, load: Load) -> None:
        self._loop, self._load = loop, load
        self.clock = VirtualClock(loop)
        service = Jid(f"pubsub-{TOP}.{HOST}")
        weather = Weather(Random(1), self.clock)  # noqa: S311 no secret
        admins = {service.bare: {vtn_account(TOP)}}
        self.router = StormRouter(Kind.EJABBERD, admins, loop, weather)
        self.names = [f"site-{number}" for number in range(load.sites)]
        self.stores = {name: CountingStore() for name in (TOP, *self.names)}
        self.engines = {TOP: self._vtn(service)} | {name: self._site(name) for name in self.names}
        self._tasks = [loop.create_task(e.run(), name=n) for n, e in self.engines.items()]

    def stop(self) -> None:
        """End everybody; raises what anybody has died from."""
        for task in self._tasks:
            if task.done():
                task.result()
            task.cancel()

    def aims(self, number: int) -> tuple[ResourceId, ...]:
        """Return the resources that a control means, those of all sites in turn; none for all."""
        sites, each = self._load.sites, self._load.each
        places = range(number * self._load.aimed, (number + 1) * self._load.aimed)
        return tuple(f"{self.names[place % sites]}-{place // sites % each}" for place in places)

    def _vtn(self, service: Jid) -> Engine:
        address = Jid(vtn_account(TOP), "vtn")
        settings = VtnSettings(
            party=TOP,
            domain=TOP,
            address=address,
            service=service,
            digest=digest,
            members={name: f"{name}@{HOST}" for name in self.names},
            operators=frozenset({OPERATOR}),
            heartbeat=10 * _SECOND,
            report_every=_SECOND,
            grace=_SECOND,
            ended_for=_ENDED_FOR,
            history=_HISTORY,
        )
        engine = vtn_engine(settings, self.stores[TOP], self.clock, retention=_KEPT)
        return self._connected(engine, Link.LOWER, address)

    def _site(self, name: str) -> Engine:
        vtn = Jid(vtn_account(TOP), "vtn")
        ven = VenSettings(
            party=name, domain=TOP, vtn=vtn, digest=digest, seed=name, reports=_REPORTS
        )
        meters = Meters(name, self._load.each)
        program = FunctionSite(meters.read, meters.act, meters.answer)
        settings = SiteSettings(ven, _SECOND)
        store, clock = self.stores[name], self.clock
        engine = site_engine(settings, store, clock, program, retention=_KEPT)
        return self._connected(engine, Link.UPPER, Jid(f"{name}@{HOST}", "ven"))

    def _connected(self, engine: Engine, link: Link, address: Jid) -> Engine:
        intake = engine.intake(link)
        login = Login(address, intake.deliver, intake.is_admitted, engine.trusted(link))
        engine.attach(link, BusStream(login, self.router))
        return engine
