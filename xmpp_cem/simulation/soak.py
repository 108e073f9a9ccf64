"""Lets a domain work for long under a steady load on virtual time, and watches its memory."""

import argparse
import gc
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.assemble import site_engine, vtn_engine
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.kept import Report
from xmpp_cem.core.records import Member
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.history import HistorySettings
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Retention, Row
from xmpp_cem.model.position import Position
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.journal import read_record
from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.loop import VirtualClock, VirtualLoop
from xmpp_cem.simulation.operator import Operator
from xmpp_cem.simulation.plan import Step
from xmpp_cem.simulation.play import close, logging_into
from xmpp_cem.simulation.server import StormRouter
from xmpp_cem.simulation.town import HOST, OPERATOR, TOP, vtn_account
from xmpp_cem.simulation.weather import Weather
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus_service import Kind
from xmpp_cem.testing.bus_stream import BusStream, Login
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.digests import digest

_SECOND = timedelta(seconds=1)
_WARM_S = 600
"""Until all bounds are reached; growth is measured after it, or after a third of a short run."""

_KEPT = Retention(journal_rows=2000, replies=2000)
_LEAD_S, _LENGTH_S, _LOOK_S, _REST_S = 1.0, 1.0, 30, 15


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

    def _note(self, row: Row) -> None:
        """Note how far a member's reports are known, and how many readings it made."""
        record = read_record(row) if row.kind in {"member", "report"} else None
        if isinstance(record, Report):
            self.rows["reading"] += len(record.readings)
            self.positions[""] = record.position
        elif isinstance(record, Member):
            self.positions[record.party] = record.known


class Meters(Meter):
    """Many resources of one site, each of which obeys at once."""

    def __init__(self, party: str, count: int) -> None:
        super().__init__(party, 5000, 3000)
        self._names = [f"{party}-{number}" for number in range(count)]

    async def read(self) -> list[Sample]:
        """Return a sample of each."""
        (sample,) = await super().read()
        return [sample.model_copy(update={"resource": name}) for name in self._names]


@dataclass(frozen=True)
class Load:
    """What is asked of the domain.

    Args:
        seconds: how long, virtual time.
        controls: a second.
        readings: a second, of all sites together.
        sites: how many there are.
    """

    seconds: int = 3600
    controls: float = 50.0
    readings: int = 500
    sites: int = 2


@dataclass
class Figures:
    """What became of a run; memory in MB, `growth` of it by the hour after warming up."""

    load: Load
    seconds: int = 0
    took_s: float = 0.0
    controls: Counter[str] = field(default_factory=Counter)
    committed: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    behind: dict[str, str] = field(default_factory=dict)
    rss: list[tuple[int, float]] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """How fast memory grows, MB an hour of virtual time: the slope of a fitted line."""
        warm = min(_WARM_S, self.seconds // 3)
        points = [(at, size) for at, size in self.rss if at >= warm]
        if len(points) < 3:  # noqa: PLR2004 a line needs more
            return 0.0
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(size for _, size in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        return 3600 * sum((at - mean_at) * (size - mean) for at, size in points) / spread

    @property
    def lost(self) -> int:
        """How many accepted controls a site never committed."""
        return sum(max(0, self.controls["OK"] - known) for known in self.committed.values())

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "load": asdict(self.load),
            "virtual_s": self.seconds,
            "took_s": round(self.took_s, 1),
            "controls": dict(self.controls),
            "committed": self.committed,
            "lost": self.lost,
            "readings": self.readings,
            "behind": self.behind,
            "rss_mb": [(at, round(size, 1)) for at, size in self.rss],
            "growth_mb_per_hour": round(self.growth, 1),
        }


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
            ended_for=60 * _SECOND,
            history=HistorySettings(readings_for=300 * _SECOND, history_for=300 * _SECOND),
        )
        engine = vtn_engine(settings, self.stores[TOP], self.clock, retention=_KEPT)
        return self._connected(engine, Link.LOWER, address)

    def _site(self, name: str) -> Engine:
        vtn = Jid(vtn_account(TOP), "vtn")
        ven = VenSettings(party=name, domain=TOP, vtn=vtn, digest=digest, seed=name)
        meters = Meters(name, max(1, self._load.readings // self._load.sites))
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


def soak(load: Load) -> Figures:
    """Run a domain under a load; whatever a party dies from raises here."""
    loop = VirtualLoop(most_turns=sys.maxsize)
    figures = Figures(load)
    began = time.monotonic()
    with logging_into(None):
        try:
            loop.run_until_complete(_run(loop, load, figures))
        finally:
            figures.took_s = time.monotonic() - began
            close(loop)
    return figures


async def _run(loop: VirtualLoop, load: Load, figures: Figures) -> None:
    domain = Domain(loop, load)
    evidence = Evidence(domain.clock.now, is_traced=False)
    operator = Operator(domain.router, domain.clock, evidence)
    await domain.clock.sleep(_REST_S)
    number, due = 0, 0.0
    for second in range(1, load.seconds + 1):
        due += load.controls
        many, due = int(due), due % 1
        for place in range(many):
            number += 1
            operator.create(Step(0, "create", "", number, -100, _LEAD_S, _LENGTH_S))
            await domain.clock.sleep(1 / many if place + 1 < many else 0)
        await domain.clock.sleep(1 / max(1, many))
        if second % _LOOK_S == 0:
            _look(second, evidence, figures)
    await domain.clock.sleep(_REST_S)
    _look(load.seconds, evidence, figures)
    for name in domain.names:
        store = domain.stores[name]
        figures.committed[name] = store.rows["commitment"]
        figures.readings += store.rows["reading"]
        made, known = store.positions.get(""), domain.stores[TOP].positions.get(name)
        if made is None or known is None or known < made:
            figures.behind[name] = f"{known} of {made}"
    operator.stop()
    domain.stop()


def _look(second: int, evidence: Evidence, figures: Figures) -> None:
    """Note memory and answers, and drop what only this program would keep."""
    answered = [command for command in evidence.commands if command.result]
    figures.controls.update(command.result for command in answered)
    evidence.commands = [command for command in evidence.commands if not command.result]
    gc.collect()
    figures.seconds = second
    figures.rss.append((second, _rss_mb()))
    sys.stderr.write(
        f"{second} s, {figures.controls.total()} controls, {figures.rss[-1][1]:.0f} MB\n"
    )


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def main() -> int:
    """Soak as the arguments say; returns the exit code."""
    usual = Load()
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=usual.seconds, help="virtual time (3600)")
    parser.add_argument("--controls", type=float, default=usual.controls, help="a second (50)")
    parser.add_argument("--readings", type=int, default=usual.readings, help="a second (500)")
    parser.add_argument("--sites", type=int, default=usual.sites, help="that share them (2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    told = parser.parse_args()
    figures = soak(Load(told.seconds, told.controls, told.readings, told.sites))
    if told.json:
        told.json.write_text(json.dumps(figures.as_json(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{figures.seconds} s of virtual time in {figures.took_s:.0f} s: "
        f"{dict(figures.controls)} controls, {figures.lost} lost, {figures.readings} readings, "
        f"{len(figures.behind)} sites behind, memory {figures.growth:+.1f} MB an hour\n"
    )
    return 1 if figures.lost or figures.behind else 0


if __name__ == "__main__":
    sys.exit(main())
