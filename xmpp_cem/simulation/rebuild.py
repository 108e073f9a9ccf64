"""Rebuilds what parties have written down from their journals alone, after random events."""

import argparse
import asyncio
import random as global_random
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import count
from random import Random

from xmpp_cem.core.effects import Forget, Remember
from xmpp_cem.core.inputs import Started
from xmpp_cem.model.keeping import Journalled, Row
from xmpp_cem.runtime import journal
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.ports import Role
from xmpp_cem.simulation.director import Director
from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.life import Life
from xmpp_cem.simulation.loop import MOST_TURNS, VirtualClock, VirtualLoop
from xmpp_cem.simulation.plan import Doing, Plan, Step, draw
from xmpp_cem.simulation.play import on_stage
from xmpp_cem.simulation.speech import SharedSpeech
from xmpp_cem.simulation.town import TOP, Resident, Town
from xmpp_cem.simulation.weather import Weather
from xmpp_cem.store.memory import MemoryStore

EVENTS = 1000

_CREATED = 20
"""So many events are created beside those that a plan has by itself; half of them are changed or
cancelled."""

_AFTERWARDS: tuple[Doing | None, ...] = ("change", "cancel", None, None)

_LASTS_S = 8.0
"""So long things go wrong at least, or there would be no time for all of that."""

_ALWAYS_THERE = {"z": "grid"}
"""A site without a gateway: most events are refused where the only one is away."""

_FIRST = 1000
"""Their numbers begin here."""

_ALL = 10**9

Records = dict[tuple[str, str], bytes]


@dataclass(frozen=True)
class Rebuilt:
    """What became of a seed.

    Args:
        seed: the seed.
        events: how many events the VTN at the top took.
        crashes: how many parties were killed.
        inputs: how many inputs all journals had.
        records: how many records all stores held.
        differing: party, kind and key of each record that is not as its journal says.
    """

    seed: int
    events: int
    crashes: int
    inputs: int
    records: int
    differing: tuple[tuple[str, str, str], ...]


class ChronicledTown(Town):
    """A town whose parties write their journals in full."""

    def _engine(self, party: Resident, life: Life) -> Engine:
        engine = super()._engine(party, life)
        engine.write_down = journal.write
        return engine


def rebuild(seed: int) -> Rebuilt:
    """Play many events with crashes and faults, then rebuild each party's records and compare."""
    town, evidence = lived(seed)
    differing: list[tuple[str, str, str]] = []
    inputs = records = events = 0
    for name, party in town.parties.items():
        held, rows = asyncio.run(found(party.disk))
        made = replayed(rows, roles(town, evidence, name))
        differing += [(name, *at) for at in differences(held, made)]
        inputs, records = inputs + len(rows), records + len(held)
        events += sum(kind == "dispatch" for kind, _ in held) if name == TOP else 0
    crashes = sum(not each.is_up for each in evidence.lives)
    return Rebuilt(seed, events, crashes, inputs, records, tuple(differing))


def lived(seed: int) -> tuple[ChronicledTown, Evidence]:
    """Play a seed to its end; raises RuntimeError when a party died of itself."""
    random = Random(seed)  # noqa: S311 no secret
    global_random.seed(seed)  # the runtime's jitter
    plan = busy(random)
    loop = VirtualLoop(MOST_TURNS)
    evidence = Evidence(lambda: loop.current, is_traced=False)
    weather = Weather(random, VirtualClock(loop))
    town = ChronicledTown(loop, weather, evidence, plan, SharedSpeech())
    on_stage(loop, evidence, Director(plan, town, weather, evidence))
    if evidence.deaths:
        raise RuntimeError(f"seed {seed}: {evidence.deaths[0]}")
    return town, evidence


def busy(random: Random) -> Plan:
    """Draw a plan in which operators also create, change and cancel many short events."""
    drawn = draw(random)
    uppers = {**drawn.uppers, **_ALWAYS_THERE}
    plan = replace(drawn, uppers=uppers, chaos_s=max(drawn.chaos_s, _LASTS_S))
    *steps, last = drawn.steps
    for number in range(_FIRST, _FIRST + _CREATED):
        at, power_w = random.uniform(1.0, plan.chaos_s), -250 * random.randint(1, 12)
        lead, length = random.uniform(2, 6), random.uniform(1, 8)
        steps.append(Step(at, "create", "", number, power_w, lead, length))
        doing = random.choice(_AFTERWARDS)
        if doing:
            steps.append(Step(at + random.uniform(0.5, lead), doing, "", number, power_w - 500))
    chaos = sorted((s for s in steps if s.at < plan.chaos_s), key=lambda step: step.at)
    return replace(plan, steps=(*chaos, replace(last, at=plan.chaos_s)))


def replayed(rows: Iterable[Journalled], new_role: Callable[[int], Role]) -> Records:
    """Return the records that a journal leads to, with nothing but the journal and the settings.

    Args:
        rows: the whole journal, the oldest input first.
        new_role: returns the state machine with which the so manieth start that it tells of began.
    """
    records: Records = {}
    starts, role = count(), None
    for row in rows:
        what = journal.read(row)
        if isinstance(what, Started):
            role = new_role(next(starts))
            for (kind, key), value in sorted(records.items()):
                role.restore(journal.read_record(Row(kind, key, value)))
        if role is None:
            raise ValueError("a journal begins with a start")
        for effect in role.handle(what, row.at):
            if isinstance(effect, Remember):
                made = journal.write_record(effect.record)
                records[made.kind, made.key] = made.value
            elif isinstance(effect, Forget):
                records.pop((effect.record.kind, effect.record.place), None)
    return records


def differences(held: Records, made: Records) -> list[tuple[str, str]]:
    """Return the kind and key of each record that only one has, or of which they say different."""
    return sorted(at for at in held.keys() | made.keys() if held.get(at) != made.get(at))


def roles(town: Town, evidence: Evidence, party: str) -> Callable[[int], Role]:
    """Return what gives the state machine of a party's so manieth start that it has written down.

    A life that was killed before that has left nothing, and is passed over.
    """
    began = [each.number for each in evidence.lives if each.party == party and each.is_up]
    lives = [
        sum(number < made.number for number in began)
        for made in evidence.commits
        if made.party == party
        for row in made.batch.journal
        if row.kind == Started.__name__
    ]
    return lambda start: town.role(party, lives[start])


async def found(disk: MemoryStore) -> tuple[Records, tuple[Journalled, ...]]:
    """Return the records and the journal that a party has left."""
    await disk.close()
    await disk.open()
    kept, rows = await disk.load(), await disk.journal(_ALL)
    return {(row.kind, row.key): row.value for row in kept.records}, rows


def main() -> int:
    """Rebuild until there were so many events; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/rebuild", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, metavar="N", help="how many (1000)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first seed (1)")
    arguments = parser.parse_args()
    made: list[Rebuilt] = []
    while sum(each.events for each in made) < arguments.events:
        made.append(rebuild(arguments.first + len(made)))
        for party, kind, key in made[-1].differing:
            sys.stdout.write(f"seed {made[-1].seed}: {party} {kind} {key} is not as its journal\n")
    events, crashes = sum(each.events for each in made), sum(each.crashes for each in made)
    inputs, records = sum(each.inputs for each in made), sum(each.records for each in made)
    differing = sum(len(each.differing) for each in made)
    sys.stdout.write(
        f"{len(made)} seeds, {events} events, {crashes} crashes, {inputs} inputs: "
        f"{differing} of {records} records differ\n"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
