"""Kills a gateway at every boundary of a saga on a real server, and compares how it ends."""

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from xmpp_cem.errors import XmppCemError
from xmpp_cem.kills.acts import ACTS
from xmpp_cem.kills.run import Run
from xmpp_cem.kills.warden import prepare
from xmpp_cem.runtime.telemetry import silenced
from xmpp_cem.testing.server import missing


def main() -> int:
    """Play as the arguments say; returns the exit code."""
    arguments = _arguments()
    problem = missing(arguments.server)
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    folder = Path(tempfile.mkdtemp(prefix="xmpp-cem-kills-"))
    sys.stderr.write(f"{arguments.server}, files in {folder}\n")
    prepare()
    run = Run(
        arguments.server,
        folder,
        arguments.trees,
        arguments.pace,
        arguments.only,
        arguments.every,
    )
    is_broken = False
    # Whoever ends a long run keeps the figures so far.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with silenced():
            asyncio.run(run.play(arguments.act or ACTS))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        is_broken = True
    except (XmppCemError, AssertionError, TimeoutError) as error:
        sys.stderr.write(f"{error!r}\n")
        is_broken = True
    _tell(run, arguments.json)
    is_good = not is_broken and all(figures.is_good for figures in run.figures.values())
    if not is_good or arguments.keep:
        sys.stderr.write(f"files are kept in {folder}\n")
    else:
        shutil.rmtree(folder)
    return 0 if is_good else 1


def _tell(run: Run, path: Path | None) -> None:
    """Print the figures, and write them into a file."""
    told = {name: asdict(figures) for name, figures in run.figures.items()}
    text = json.dumps({run.kind: told}, indent=2)
    if path:
        path.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(text + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/kills", description=__doc__)
    parser.add_argument("--server", choices=("prosody", "ejabberd"), default="prosody")
    parser.add_argument("--trees", type=int, default=12, metavar="N", help="hierarchies at once")
    parser.add_argument("--act", action="append", choices=tuple(ACTS), help="what is played")
    parser.add_argument("--only", default="", metavar="TEXT", help="boundaries that begin so")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="of these, one in N")
    parser.add_argument("--pace", type=float, default=1.0, metavar="X", help="for busy machines")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    parser.add_argument("--keep", action="store_true", help="keep the files")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
