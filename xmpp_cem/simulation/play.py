"""Plays one seed from beginning to end and audits it."""

import asyncio
import gc
import logging
import random as global_random
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import structlog

from xmpp_cem.runtime import outbox, perform
from xmpp_cem.simulation.audit import audit
from xmpp_cem.simulation.director import Director
from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.findings import Scene
from xmpp_cem.simulation.life import KilledError
from xmpp_cem.simulation.loop import MOST_TURNS, START, RestlessError, VirtualClock, VirtualLoop
from xmpp_cem.simulation.plan import Plan, draw
from xmpp_cem.simulation.restoring import Backup
from xmpp_cem.simulation.speech import SharedSpeech
from xmpp_cem.simulation.terms import USUAL, Terms
from xmpp_cem.simulation.town import CONTROL_EVERY, Town
from xmpp_cem.simulation.weather import Weather

CHECKED_EVERY = 20
"""In one seed of so many, whatever is written is read back and compared."""

_LONGEST = "_LONGEST_S"


@dataclass(frozen=True)
class Outcome:
    """How a seed ended.

    Args:
        seed: the seed.
        broken: the promises that were broken, each with what shows it.
        steps: how many steps it had.
        crashes: how many parties were killed.
        faults: what went wrong, by kind.
        points: where parties were killed.
        digest: hash of the trace; empty where nobody asked for it.
        story: the trace and what the parties logged, for people who asked for it.
        cpu_s: the processor's time that it took, s, where that was measured.
    """

    seed: int
    broken: tuple[tuple[str, str], ...]
    steps: int
    crashes: int
    faults: dict[str, int]
    points: dict[str, int]
    digest: str
    story: tuple[str, ...] = ()
    cpu_s: float = 0.0


def play(
    seed: int, terms: Terms = USUAL, *, is_told: bool = False, is_hashed: bool = True
) -> Outcome:
    """Play a seed; equal seeds have equal traces.

    Args:
        seed: any number.
        terms: what is drawn besides the usual.
        is_told: whether there is a story, of which also is what the parties log.
        is_hashed: whether the trace is hashed.
    """
    random = Random(seed)  # noqa: S311 no secret
    global_random.seed(seed)  # the runtime's jitter
    plan, tree = draw(random, terms), terms.tree
    loop = VirtualLoop(MOST_TURNS * (1 + tree.parties) if tree else MOST_TURNS)
    evidence = Evidence(lambda: loop.current, is_traced=is_told or is_hashed)
    weather = Weather(random, VirtualClock(loop))
    speech = SharedSpeech(is_checked=seed % CHECKED_EVERY == 0)
    town = Town(loop, weather, evidence, plan, speech)
    if plan.restoring:
        Backup(plan.restoring, town, evidence)
    director = Director(plan, town, weather, evidence)
    on_stage(loop, evidence, director, is_told=is_told)
    return Outcome(
        seed=seed,
        broken=tuple(audit(evidence, scene_of(town, plan, weather))),
        steps=director.steps,
        crashes=sum(not lived.is_up for lived in evidence.lives),
        faults={str(fault): count for fault, count in sorted(weather.counts.items()) if count},
        points=evidence.points,
        digest=evidence.digest if is_hashed else "",
        story=tuple(evidence.story) if is_told else (),
    )


def on_stage(
    loop: VirtualLoop, evidence: Evidence, director: Director, *, is_told: bool = False
) -> None:
    """Let a director do what its plan says, from beginning to end."""
    loop.set_exception_handler(lambda _, context: _failed(evidence, context))
    with logging_into(evidence if is_told else None), uncollected(), _soon(director.longest_s):
        try:
            loop.run_until_complete(director.run())
        except RestlessError as error:
            evidence.deaths.append(str(error))
        finally:
            close(loop)


def scene_of(town: Town, plan: Plan, weather: Weather) -> Scene:
    """Return what the audit is told of who was there and when it was calm."""
    calm = START + timedelta(seconds=plan.chaos_s)
    return Scene(
        uppers=plan.uppers,
        accounts={party.name: party.accounts for party in town.parties.values()},
        disturbed=tuple(weather.disturbed),
        domains={party.name: party.domain for party in town.parties.values() if party.members},
        sites=tuple(party.name for party in town.sites),
        calm=calm,
        now=town.clock.now(),
        patience=timedelta(seconds=plan.patience_s),
        control_every=CONTROL_EVERY,
        restored=frozenset({plan.restoring.who} if plan.restoring else ()),
    )


def _failed(evidence: Evidence, context: dict[str, Any]) -> None:
    """Note what the loop was told of an error that nobody waits for."""
    error = context.get("exception")
    if error is not None and not isinstance(error, KilledError):
        evidence.deaths.append(repr(error))


def close(loop: VirtualLoop) -> None:
    """Let everything that was cancelled end, then close."""
    loop.set_exception_handler(lambda *_: None)
    rest: set[asyncio.Task[Any]] = set()
    for _ in range(100):
        rest = {task for task in rest if not task.done()} or asyncio.all_tasks(loop)
        if not rest:
            break
        for task in rest:
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@contextmanager
def logging_into(evidence: Evidence | None) -> Iterator[None]:
    """Let what parties log go into the story, or nowhere."""
    before = structlog.get_config()

    def explain(_: object, level: str, event: MutableMapping[str, Any]) -> str:
        if evidence:
            details = " ".join(f"{key}={value}" for key, value in event.items() if key != "event")
            evidence.explain(f"{level}: {event['event']} {details}")
        raise structlog.DropEvent

    threshold = logging.DEBUG if evidence else logging.CRITICAL
    structlog.configure(
        processors=[explain], wrapper_class=structlog.make_filtering_bound_logger(threshold)
    )
    logger = logging.getLogger("xmpp_cem.testing")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = was_disabled
        structlog.configure(**before)


@contextmanager
def _soon(longest_s: float) -> Iterator[None]:
    """Let nobody pause for longer than a seed has patience."""
    before = vars(outbox)[_LONGEST], vars(perform)[_LONGEST]
    setattr(outbox, _LONGEST, longest_s)
    setattr(perform, _LONGEST, longest_s)
    try:
        yield
    finally:
        setattr(outbox, _LONGEST, before[0])
        setattr(perform, _LONGEST, before[1])


@contextmanager
def uncollected() -> Iterator[None]:
    """Let no garbage be collected within a run, unless it does so itself."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
