"""Plays many seeds on all processors, and adds up how they ended."""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from xmpp_cem.simulation.mutants import mutated
from xmpp_cem.simulation.play import Outcome, play

_BATCH = 20
_TELL_EVERY_S = 2.0


@dataclass
class Tally:
    """What became of many seeds."""

    first: int
    seeds: int = 0
    steps: int = 0
    crashes: int = 0
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began

    def add(self, outcome: Outcome) -> None:
        """Count a seed."""
        self.seeds += 1
        self.steps += outcome.steps
        self.crashes += outcome.crashes
        self.faults.update(outcome.faults)
        self.points.update(outcome.points)
        self.failures += [(outcome.seed, promise, shown) for promise, shown in outcome.broken]

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "seeds": self.seeds,
            "first": self.first,
            "failures": [
                {"seed": seed, "promise": promise, "shown": shown}
                for seed, promise, shown in sorted(self.failures)
            ],
            "steps": self.steps,
            "crashes": self.crashes,
            "crash_points": dict(sorted(self.points.items())),
            "seconds": round(self.seconds, 1),
            "faults": dict(sorted(self.faults.items())),
        }


def outcomes(seeds: Iterable[int], mutant: str = "") -> Iterator[Outcome]:
    """Play seeds on all processors; each outcome comes as soon as its batch is done."""
    remaining = iter(seeds)
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, initializer=_settle) as pool:
        running = {
            pool.submit(_play_all, batch, mutant) for batch in islice(_batches(remaining), workers)
        }
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for batch in islice(_batches(remaining), len(done)):
                    running.add(pool.submit(_play_all, batch, mutant))
                for each in done:
                    yield from each.result()
        finally:
            pool.shutdown(cancel_futures=True)


def tally(first: int, seeds: int, tell: Callable[[Outcome], None]) -> Tally:
    """Play seeds one after the other from `first` on; progress goes to stderr."""
    made, told_at = Tally(first), time.monotonic()
    for outcome in outcomes(range(first, first + seeds)):
        made.add(outcome)
        if outcome.broken:
            tell(outcome)
        if time.monotonic() - told_at > _TELL_EVERY_S:
            told_at = time.monotonic()
            rate = made.seeds / made.seconds
            sys.stderr.write(f"\r{made.seeds} of {seeds} seeds, {rate:.0f} a second ")
            sys.stderr.flush()
    sys.stderr.write("\n")
    return made


def _batches(seeds: Iterator[int]) -> Iterator[list[int]]:
    while batch := list(islice(seeds, _BATCH)):
        yield batch


def _settle() -> None:
    """Let what a process has loaded be no burden for its garbage collector."""
    gc.collect()
    gc.freeze()


def _play_all(seeds: list[int], mutant: str) -> list[Outcome]:
    with mutated(mutant):
        made = [play(seed) for seed in seeds]
    gc.collect()
    return made
