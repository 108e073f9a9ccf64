"""Hunts the mutants: how many seeds does it take until the audit catches each of them."""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from xmpp_cem.simulation.many import outcomes
from xmpp_cem.simulation.mutants import MUTANTS, Mutant

MOST_SEEDS = 2000
"""A mutant that has survived so many is not caught."""


@dataclass(frozen=True)
class Catch:
    """What became of a mutant.

    Args:
        name: its name.
        caught: whether a promise broke.
        seeds_needed: the first seed, counted from 1, whose audit found it; None when none did.
        promise: what broke first.
        shown: what shows it.
        seconds: how long it took.
    """

    name: str
    caught: bool
    seeds_needed: int | None = None
    promise: str = ""
    shown: str = ""
    seconds: float = 0.0


def hunt(mutant: Mutant, seeds: int) -> Catch:
    """Play seeds with a bug in the code until the audit finds it."""
    began = time.monotonic()
    for outcome in outcomes(range(1, seeds + 1), mutant.name, in_order=True):
        if outcome.broken:
            promise, shown = outcome.broken[0]
            seconds = round(time.monotonic() - began, 1)
            return Catch(
                mutant.name,
                caught=True,
                seeds_needed=outcome.seed,
                promise=promise,
                shown=shown,
                seconds=seconds,
            )
    return Catch(mutant.name, caught=False, seconds=round(time.monotonic() - began, 1))


def main() -> int:
    """Hunt them all, or one; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("--seeds", type=int, default=MOST_SEEDS, metavar="N", help="at most (2000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--only", metavar="NAME", choices=[m.name for m in MUTANTS])
    arguments = parser.parse_args()
    catches = []
    for mutant in MUTANTS:
        if arguments.only in {None, mutant.name}:
            sys.stderr.write(f"hunting: {mutant.name}\n")
            catches.append(hunt(mutant, arguments.seeds))
            _tell(catches[-1])
    if arguments.json:
        figures = {"mutants": [asdict(catch) for catch in catches]}
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if any(not catch.caught for catch in catches) else 0


def _tell(catch: Catch) -> None:
    what = "NOT CAUGHT"
    if catch.caught:
        what = f"caught by seed {catch.seeds_needed}: {catch.promise}"
    sys.stdout.write(f"{catch.name:45}{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
