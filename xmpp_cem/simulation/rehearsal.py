"""Plays one conversation again and again, with a party killed at each of its boundaries in turn."""

import asyncio
import itertools
import os
import pickle
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from xmpp_cem.model.keeping import Kept
from xmpp_cem.simulation.audit import audit
from xmpp_cem.simulation.director import Director
from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.findings import Finding
from xmpp_cem.simulation.loop import VirtualClock, VirtualLoop
from xmpp_cem.simulation.plan import Plan, Step
from xmpp_cem.simulation.play import on_stage, scene_of
from xmpp_cem.simulation.speech import SharedSpeech
from xmpp_cem.simulation.town import Town
from xmpp_cem.simulation.weather import FairWeather
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.bus_service import Kind
from xmpp_cem.testing.endings import held

GATEWAY = "gw"

BEGIN_S = 5.9
"""Before the first event: what parties do at their start is the same in every rehearsal."""

_UPPERS = {GATEWAY: "grid", "a": GATEWAY, "b": GATEWAY, "c": GATEWAY}

CHANGED = Plan(
    Kind.PROSODY,
    _UPPERS,
    chaos_s=26.0,
    quiet_s=9.0,
    steps=(
        Step(0.0, "refuse", "c", seconds=60.0),
        Step(6.0, "create", number=0, power_w=-4500, seconds=5.0, length=40.0),
        Step(13.0, "change", number=0, power_w=-3000),
        Step(17.0, "override", "a", seconds=60.0),
        Step(22.0, "cancel", number=0),
    ),
)
"""An event that one member refuses: changed, divided anew after an override, cancelled."""

COMPLETED = Plan(
    Kind.EJABBERD,
    _UPPERS,
    chaos_s=20.0,
    quiet_s=9.0,
    steps=(Step(6.0, "create", number=0, power_w=-4500, seconds=5.0, length=7.0),),
)
"""An event that all members take, and that ends by itself."""

_AT_ONCE = os.cpu_count() or 1


@dataclass(frozen=True)
class Ending:
    """How a rehearsal ended.

    Args:
        where: the names of the boundaries at which a party was killed, and how often.
        broken: the promises that were broken.
        state: what every party's store held in the end of events, answers and sums, without times.
        effects: what each device was told, W or None for free, without repeats.
        story: the trace.
    """

    where: Mapping[str, int]
    broken: tuple[Finding, ...]
    state: Mapping[str, Any]
    effects: Mapping[str, tuple[int | None, ...]]
    story: tuple[str, ...] = ()


@dataclass
class Rehearsal:
    """Plays a plan in fair weather, with a party killed where it is told.

    Args:
        plan: what is played.
        party: who is killed.
        believed_s: how long the server believes in whom was killed, seconds.
        away_s: after how long it is started anew, seconds.
    """

    plan: Plan
    party: str = GATEWAY
    believed_s: float = 0.0
    away_s: float = 0.5

    def play(self, at: int = 0, *, is_told: bool = False) -> Ending:
        """Play with a kill at the manieth boundary since the beginning, or without one.

        Args:
            at: counts from 1; 0 for nobody.
            is_told: whether what the parties log is part of the story.
        """
        numbers = itertools.count(1)
        return self._play(lambda _: next(numbers) == at, is_told=is_told)

    def play_all(self, part: int = 0, parts: int = 1) -> tuple[Ending, dict[int, Ending]]:
        """Return how it ends without a kill, and with one at each boundary until it is calm.

        One play goes on past every boundary and leaves a child there that does not: what came
        before is played once.

        Args:
            part: which of the parts, from 0: two boundaries are of one, the next two of the next.
            parts: so many parts are all boundaries together.
        """
        with tempfile.TemporaryDirectory() as folder:
            forks = _Forks(Path(folder), part, parts)
            try:
                ending = self._play(forks.leave)
            except BaseException:
                forks.end_child(None)
                raise
            forks.end_child(ending)
            return ending, forks.endings()

    def _play(self, is_doomed: Callable[[str], bool], *, is_told: bool = False) -> Ending:
        loop = VirtualLoop()
        evidence = Evidence(lambda: loop.current)
        weather = FairWeather(VirtualClock(loop), self.believed_s, self.away_s)
        town = Town(loop, weather, evidence, self.plan, SharedSpeech())

        def doom() -> None:
            if life := town.parties[self.party].life:
                life.is_doomed_at = is_doomed
                town.clock.after(self.plan.chaos_s - BEGIN_S, life.spare)

        town.clock.after(BEGIN_S, doom)
        director = Director(self.plan, town, weather, evidence)
        on_stage(loop, evidence, director, is_told=is_told)
        return Ending(
            where=dict(evidence.points),
            broken=tuple(audit(evidence, scene_of(town, self.plan, weather))),
            state={name: _state(party.disk) for name, party in town.parties.items()},
            effects={party.name: _effects(evidence, party.name) for party in town.sites},
            story=tuple(evidence.story) if is_told else (),
        )


class _Forks:
    """Children that each leave the one play at another boundary, and write down how it ended."""

    def __init__(self, folder: Path, part: int, parts: int) -> None:
        self._folder = folder
        self._part, self._parts = part, parts
        self._count = 0
        self._running: dict[int, int] = {}
        self._is_child = False

    def leave(self, _: str) -> bool:
        """Leave a child at this boundary, if it is of our part; true in the child."""
        self._count += 1
        if not self._is_ours(self._count):
            return False
        if len(self._running) >= _AT_ONCE:
            self._wait_for_one()
        loop = asyncio.get_running_loop()
        child = os.fork()
        if child:
            self._running[child] = self._count
            return False
        self._is_child = True
        asyncio._set_running_loop(loop)  # noqa: SLF001 asyncio knows the parent's process only
        return True

    def _is_ours(self, number: int) -> bool:
        """Keep what comes before a commit together with what comes after it."""
        return number // 2 % self._parts == self._part

    def end_child(self, ending: Ending | None) -> None:
        """In a child: write down how it ended, and be no more."""
        if not self._is_child:
            return
        if ending is not None:
            short = replace(ending, story=())
            (self._folder / str(self._count)).write_bytes(pickle.dumps(short))
        os._exit(0 if ending else 1)

    def endings(self) -> dict[int, Ending]:
        """Return how it ended with a kill at each boundary."""
        while self._running:
            self._wait_for_one()
        return {
            number: pickle.loads((self._folder / str(number)).read_bytes())  # noqa: S301 our own
            for number in range(1, self._count + 1)
            if self._is_ours(number)
        }

    def _wait_for_one(self) -> None:
        child = next(iter(self._running))
        number = self._running.pop(child)
        _, status = os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"the play with a kill at boundary {number} failed: {status}")


def _state(disk: MemoryStore) -> dict[str, Any]:
    """Return what a store holds of events, answers and members, without times."""
    kept = asyncio.run(_load(disk))
    return held(kept.records) | {"waits to be sent": len(kept.outbox)}


async def _load(disk: MemoryStore) -> Kept:
    await disk.close()
    await disk.open()
    return await disk.load()


def _effects(evidence: Evidence, site: str) -> tuple[int | None, ...]:
    told = [applied.power_w for applied in evidence.applied if applied.site == site]
    return tuple(power_w for power_w, _ in itertools.groupby(told))
