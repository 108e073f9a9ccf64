"""Plays seeds of the deterministic simulation and tells which promises they broke."""

import argparse
import json
import sys
from pathlib import Path

from xmpp_cem.messages.envelope import MAX_HOPS
from xmpp_cem.simulation.many import tally
from xmpp_cem.simulation.play import Outcome, play
from xmpp_cem.simulation.terms import Terms, Tree


def main() -> int:
    """Play as the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, metavar="N", help="how many (1000)")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the first (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--trace", action="store_true", help="tell all that happens; few seeds")
    parser.add_argument(
        "--parties", type=int, metavar="N", help="draw trees with so many below the top"
    )
    levels = range(3, MAX_HOPS + 1)
    parser.add_argument("--levels", type=int, default=6, choices=levels, help="of those trees (6)")
    parser.add_argument(
        "--restored", action="store_true", help="put an older copy of somebody's store back"
    )
    arguments = parser.parse_args()
    if arguments.seeds < 1:
        parser.error("--seeds needs a number from 1 on")
    tree = None
    if arguments.parties is not None:
        tree = Tree(arguments.parties, arguments.levels)
        if tree.parties < tree.levels - 1:
            parser.error(f"{tree.levels} levels need --parties {tree.levels - 1} at least")
    terms = Terms(tree, arguments.restored)
    if arguments.trace:
        return _trace(range(arguments.first, arguments.first + arguments.seeds), terms)
    made = tally(arguments.first, arguments.seeds, lambda outcome: _tell(outcome, terms), terms)
    figures = made.as_json()
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    failed = len({seed for seed, _, _ in made.failures})
    sys.stdout.write(
        f"{made.seeds} seeds, {made.steps} steps ({made.fewest_steps} at least), "
        f"{made.crashes} crashes ({made.fewest_crashes} at least), "
        f"{sum(made.faults.values())} faults in {made.seconds:.0f} s "
        f"({made.cpu_s:.0f} s of a processor): {failed} failed\n"
    )
    return 1 if failed else 0


def _tell(outcome: Outcome, terms: Terms) -> None:
    sys.stdout.write(f"\nseed {outcome.seed} broke:\n")
    for promise, shown in outcome.broken:
        sys.stdout.write(f"  {promise}: {shown}\n")
    again = f"--first {outcome.seed} --seeds 1{terms.arguments} --trace"
    sys.stdout.write(f"  scripts/simulation {again}\n")
    sys.stdout.flush()


def _trace(seeds: range, terms: Terms) -> int:
    failed = 0
    for seed in seeds:
        outcome = play(seed, terms, is_told=True)
        sys.stdout.write("".join(f"{line}\n" for line in outcome.story))
        sys.stdout.write(f"seed {seed}, hash of the trace {outcome.digest}\n")
        if outcome.broken:
            failed += 1
            _tell(outcome, terms)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
