"""Plays many seeds on all processors, and adds up how they ended."""

import gc
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from xmpp_cem.simulation.mutants import mutated
from xmpp_cem.simulation.play import Outcome, play
from xmpp_cem.simulation.terms import USUAL, Terms

_BATCH = 20


@dataclass
class Tally:
    """What became of many seeds."""

    first: int
    seeds: int = 0
    steps: int = 0
    crashes: int = 0
    fewest_steps: int = sys.maxsize
    fewest_crashes: int = sys.maxsize
    failures: list[tuple[int, str, str]] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.began

    def add(self, outcome: Outcome) -> None:
        """Count a seed."""
        self.seeds += 1
        self.fewest_steps = min(self.fewest_steps, outcome.steps)
        self.fewest_crashes = min(self.fewest_crashes, outcome.crashes)
        self.steps += outcome.steps
        self.crashes += outcome.crashes
        self.faults.update(outcome.faults)
        self.points.update(outcome.points)
        self.cpu_s += outcome.cpu_s
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
            "fewest_steps": self.fewest_steps,
            "crashes": self.crashes,
            "fewest_crashes": self.fewest_crashes,
            "crash_points": dict(sorted(self.points.items())),
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu_s, 1),
            "faults": dict(sorted(self.faults.items())),
        }


def outcomes(
    seeds: Iterable[int], mutant: str = "", terms: Terms = USUAL, *, in_order: bool = False
) -> Iterator[Outcome]:
    """Play seeds on all processors.

    Args:
        seeds: which.
        mutant: the bug that the code has meanwhile, empty for none.
        terms: what is drawn besides the usual.
        in_order: whether outcomes come in the order of the seeds, or as they are done.
    """
    batches = _batches(iter(seeds), 1 if terms.tree else _BATCH)
    workers = os.cpu_count() or 1
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["xmpp_cem.simulation.play"])
    with ProcessPoolExecutor(workers, context, _begin) as pool:
        first = islice(batches, 2 * workers)
        running = deque(pool.submit(_play_all, batch, mutant, terms) for batch in first)
        try:
            while running:
                done = running[0]
                if not in_order:
                    wait(running, return_when=FIRST_COMPLETED)
                    done = next(each for each in running if each.done())
                running.remove(done)
                for batch in islice(batches, 1):
                    running.append(pool.submit(_play_all, batch, mutant, terms))
                yield from done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def tally(first: int, seeds: int, tell: Callable[[Outcome], None], terms: Terms = USUAL) -> Tally:
    """Play seeds one after the other from `first` on; progress goes to stderr."""
    made, told_at = Tally(first), time.monotonic()
    is_watched = sys.stderr.isatty()
    end, tell_every_s = ("\r", 2.0) if is_watched else ("\n", 20.0)
    for outcome in outcomes(range(first, first + seeds), terms=terms):
        made.add(outcome)
        if outcome.broken:
            tell(outcome)
        if time.monotonic() - told_at > tell_every_s:
            told_at = time.monotonic()
            sys.stderr.write(f"{_progress(made, seeds)}{end}")
            sys.stderr.flush()
    sys.stderr.write(f"{_progress(made, seeds)}\n")
    return made


def _progress(made: Tally, seeds: int) -> str:
    rate = made.seeds / made.seconds
    left = f"{(seeds - made.seeds) / rate:.0f} s left" if rate else ""
    failed = len({seed for seed, _, _ in made.failures})
    return f"{made.seeds} of {seeds} seeds, {failed} failed, {rate:.1f} a second, {left} "


def _batches(seeds: Iterator[int], size: int) -> Iterator[list[int]]:
    while batch := list(islice(seeds, size)):
        yield batch


def _begin() -> None:
    """Never outlive who asked; look at no import again, and collect garbage between seeds only."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gc.collect()
    gc.freeze()
    gc.disable()


def _end_with_parent() -> None:
    """End when the program ends that asked for us.

    The kernel's own way (PR_SET_PDEATHSIG) does not help: our parent is the server that forks us,
    and that lives as long as one of us does.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _play_all(seeds: list[int], mutant: str, terms: Terms) -> list[Outcome]:
    """Play seeds one after the other; with a bug in the code, until it is found."""
    made: list[Outcome] = []
    with mutated(mutant):
        for seed in seeds:
            began = time.process_time()
            outcome = play(seed, terms, is_hashed=False)
            gc.collect()  # a run is made of cycles; what it used is in the caches for the next one
            made.append(replace(outcome, cpu_s=time.process_time() - began))
            if mutant and made[-1].broken:
                break
    return made
