"""Round after round: load, faults, quiet, audit."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from xmpp_cem.chaos import quiet
from xmpp_cem.chaos.audit import audit
from xmpp_cem.chaos.desk import Desk
from xmpp_cem.chaos.faults import FAULTS, choose
from xmpp_cem.chaos.figures import Figures, growth, more_bytes
from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.load import play
from xmpp_cem.chaos.parties import Parties, resident
from xmpp_cem.chaos.place import Place
from xmpp_cem.chaos.plan import GRID, PARTIES, WINDOW_S, Times
from xmpp_cem.chaos.pulse import Pulse
from xmpp_cem.chaos.scene import NothingLeftError, Scene, Stage
from xmpp_cem.errors import TransportError
from xmpp_cem.model.time import Interval, window
from xmpp_cem.testing.server import Kind

_AUDITS, _AGAIN_S = 7, 2.0
"""So often is audited before what is wrong counts, and so far apart: sums may be late."""

_COPY_EVERY = 3
_TWO_FAULTS_SHARE = 0.3
_WINDOW = timedelta(seconds=WINDOW_S)


@dataclass
class Run:
    """One run on one server.

    Args:
        kind: which server.
        folder: where everything is kept.
        seed: all choices of the harness follow from it.
        only: kinds of faults to choose from; none: all.
        points: commits at which parties died in earlier runs, so that others come first.
        told: takes the figures of each round, and at last those of the whole run.
    """

    kind: Kind
    folder: Path
    seed: int
    only: tuple[str, ...] = ()
    points: dict[str, int] = field(default_factory=dict)
    told: Callable[[Figures], None] = lambda _: None
    figures: Figures = field(default_factory=Figures)
    _round_s: Figures = field(default_factory=Figures)
    _memory: list[int] = field(default_factory=list)
    _sizes: list[int] = field(default_factory=list)

    async def play(self, rounds: int, times: Times) -> Figures:
        """Play so many rounds; raises ServerError, and TimeoutError when not all come up."""
        async with Place.open(self.kind, self.folder) as place:
            parties, desk = Parties(place), Desk(place)
            stage = Stage(place, parties, desk, points=dict(self.points))
            parties.start(PARTIES)
            pulse = Pulse(
                lambda: parties.pids() | {"server": place.server.pid}, self._starved(stage)
            )
            beside = [
                asyncio.create_task(parties.mind(), name="mind the parties"),
                asyncio.create_task(pulse.watch(), name="pulse"),
            ]
            try:
                await self._gather(stage, times.start)
                for number in range(1, rounds + 1):
                    await self._round(stage, number, times)
            finally:
                for task in beside:
                    task.cancel()
                await parties.close()
                await desk.close()
                self._finish()
        return self.figures

    async def _gather(self, stage: Stage, seconds: float) -> None:
        """Wait until all are there and have been measured for a few windows."""
        scene = Scene(stage, 0, Random(self.seed))  # noqa: S311 no secret
        _, missing = await quiet.settle(scene, scene.now(), seconds)
        if missing:
            raise TimeoutError("not everybody is there: " + "; ".join(missing))
        await asyncio.sleep(4 * WINDOW_S)
        stage.keep_copies()

    def _starved(self, stage: Stage) -> Callable[[str, datetime, datetime], None]:
        """Return what takes note of who is let stand still; the server's rest is everybody's."""

        def told(name: str, began: datetime, ended: datetime) -> None:
            party = GRID if name == "server" else name
            stage.ledger.starve(stage.number, party, began, ended)
            self._round_s.starved[name] = 1

        return told

    async def _round(self, stage: Stage, number: int, times: Times) -> None:
        chance = Random(f"{self.seed}/{number}")  # noqa: S311 no secret
        scene = Scene(stage, number, chance)
        self._round_s = Figures(seeds=[[self.seed, 1]])
        known = dict(stage.points)
        stage.parties.died.clear()
        stage.number = number
        begin = window(scene.now(), _WINDOW)
        stage.listen()
        stage.heard.clear()
        count = 2 if chance.random() < _TWO_FAULTS_SHARE else 1
        names = choose(list(self.only or FAULTS), count, chance)
        dice = Random(chance.random())  # noqa: S311 no secret
        load = asyncio.create_task(play(scene, dice), name="load")
        await asyncio.gather(*(self._inject(scene, name) for name in names))
        healed = scene.now()
        await load
        took, missing = await quiet.settle(scene, healed, times.settle)
        stage.parties.blame()
        # A window that ended just now may still be on its way.
        span = Interval(start=begin.start, end=max(healed - _WINDOW, begin.end))
        findings = await self._judged(scene, span)
        findings.unrecovered += missing
        findings.add(scene.findings)
        self._round_s.points = {k: n - known.get(k, 0) for k, n in stage.points.items()}
        self._count(scene, names, took, findings, span)
        if findings:
            self._keep(stage, number)
        if missing:
            await self._begin_anew(stage, times.start)
        if number % _COPY_EVERY == 0 and not missing:
            stage.keep_copies()

    async def _judged(self, scene: Scene, span: Interval) -> Findings:
        """Audit until nothing is wrong any more, or what is wrong has lasted."""
        for attempt in range(_AUDITS):
            await asyncio.sleep(_AGAIN_S if attempt else 0)
            scene.stage.listen()
            findings = await audit(scene, span)
            if not findings:
                break
        return findings

    async def _inject(self, scene: Scene, name: str) -> None:
        """Inject one fault at a random moment; one that finds nobody left is noted."""
        later = scene.between(0.2, 3.5)
        await asyncio.sleep(0 if FAULTS[name].is_soon else later)
        try:
            await FAULTS[name].act(scene)
        except (NothingLeftError, TransportError) as error:
            scene.notes.append(f"{name} not injected: {error}")
            return
        self._round_s.faults[name] = self._round_s.faults.get(name, 0) + 1

    async def _begin_anew(self, stage: Stage, seconds: float) -> None:
        """Start everybody again, so that the next round has a fair beginning."""
        await stage.parties.stop()
        await stage.place.server.restart()
        stage.parties.start(PARTIES)
        scene = Scene(stage, 0, Random(self.seed))  # noqa: S311 no secret
        await quiet.settle(scene, scene.now(), seconds)

    def _keep(self, stage: Stage, number: int) -> None:
        """Keep all stores as they were when something was found wrong."""
        folder = self.folder / "failed" / str(number)
        folder.mkdir(parents=True)
        for party in PARTIES:
            stage.shelf(party).copy_to(folder / f"{party}.sqlite")

    def _count(
        self, scene: Scene, names: list[str], took: float, findings: Findings, span: Interval
    ) -> None:
        """Add a round to the figures, and tell of it."""
        figures, stage = self._round_s, scene.stage
        figures.rounds += 1
        figures.recoveries.append(round(took, 2))
        for control in stage.ledger.of(scene.number):
            figures.controls += 1
            figures.fates[control.fate] = figures.fates.get(control.fate, 0) + 1
            if control.cancel == "accepted":
                figures.fates["cancelled"] = figures.fates.get("cancelled", 0) + 1
        windows = (at for known in stage.reported.values() for at in known)
        figures.readings += sum(span.contains(at) for at in windows)
        figures.found(findings)
        self._memory.append(sum(stage.parties.memory().values()) + resident(stage.place.server.pid))
        self._sizes.append(sum(stage.shelf(party).size for party in PARTIES))
        self._tell(scene, names, took, findings)
        self.figures.add(figures)
        self.told(figures)

    def _tell(self, scene: Scene, names: list[str], took: float, findings: Findings) -> None:
        what = f"{' + '.join(names)} ({', '.join(scene.notes)})"
        if self._round_s.starved:
            what += f", starved: {', '.join(self._round_s.starved)}"
        state = "FAILED" if findings else "ok"
        line = f"{self.kind} round {scene.number} {what}: {state}, recovered in {took:.1f} s"
        line += f", {(scene.now() - scene.began).total_seconds():.0f} s in all"
        sys.stderr.write(line + "\n")
        if not findings:
            return
        failure = {"seed": self.seed, "round": scene.number, "faults": names, "notes": scene.notes}
        self._round_s.failures.append(failure | {"found": findings.lines()[:20]})
        for text in findings.lines():
            sys.stderr.write(f"  seed {self.seed}, round {scene.number}: {text}\n")

    def _finish(self) -> None:
        last = Figures(rss_growth=growth(self._memory), file_growth=more_bytes(self._sizes))
        self.figures.add(last)
        self.told(last)
