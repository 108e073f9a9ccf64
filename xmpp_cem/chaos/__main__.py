"""Injects faults into a real hierarchy on a real server, and audits what is left of it."""

import argparse
import asyncio
import json
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from xmpp_cem.chaos import figures
from xmpp_cem.chaos.faults import FAULTS
from xmpp_cem.chaos.plan import Times
from xmpp_cem.chaos.rounds import Run
from xmpp_cem.errors import XmppCemError
from xmpp_cem.testing.server import missing


def main() -> int:
    """Play rounds as the arguments say; returns the exit code."""
    arguments = _arguments()
    problem = missing(arguments.server)
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="xmpp-cem-chaos-"))
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    known = figures.read(arguments.json, arguments.server) if arguments.json else figures.Figures()
    run = Run(
        arguments.server,
        folder,
        seed,
        tuple(arguments.only or ()),
        known.points,
        lambda more: _added(arguments.json, arguments.server, more),
    )
    sys.stderr.write(f"{arguments.server}, seed {seed}, files in {folder}\n")
    is_broken = False
    # Whoever ends a long run keeps the figures of the rounds so far.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asyncio.run(run.play(arguments.rounds, Times()))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    except (XmppCemError, TimeoutError) as error:
        sys.stderr.write(f"{error}\n")
        is_broken = True
    total = figures.read(arguments.json, arguments.server) if arguments.json else run.figures
    shown = total.summary()
    del shown["recoveries"]
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")
    if is_broken or not run.figures.is_good or arguments.keep:
        sys.stderr.write(f"files are kept in {folder}\n")
    else:
        shutil.rmtree(folder)
    return 1 if is_broken or not run.figures.is_good else 0


def _added(path: Path | None, server: str, more: figures.Figures) -> None:
    """Add figures to those in the file at once: a long run may be ended."""
    if path is not None:
        figures.add_to(path, server, more)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--server", choices=("prosody", "ejabberd"), default="prosody")
    parser.add_argument("--rounds", type=int, default=10, metavar="N")
    parser.add_argument("--seed", type=int, metavar="S", help="repeats the choices of a run")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the figures up here")
    parser.add_argument("--only", action="append", choices=tuple(FAULTS), help="a kind of fault")
    parser.add_argument("--keep", action="store_true", help="keep the files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
