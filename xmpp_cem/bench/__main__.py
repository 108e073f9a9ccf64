"""Measures ratios against a bare slixmpp client on the same server, in one run."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from xmpp_cem.bench import burst, cascade, deliver, detect, divide, publish
from xmpp_cem.bench.place import Place
from xmpp_cem.testing.server import missing

Measure = Callable[[Place, int, int], Awaitable[dict[str, Any]]]

_PLANS: dict[str, tuple[Measure, int, int]] = {
    "publish": (publish.measure, 80, 40),
    "deliver": (deliver.measure, 600, 200),
    "cascade": (cascade.measure, 40, 15),
    "divide": (divide.measure, 100_000, 100_000),
}


def main() -> int:
    """Measure as the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--server", choices=("prosody", "ejabberd"), default="prosody")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    parser.add_argument(
        "--only",
        choices=(*_PLANS, "burst", "detect"),
        help="one of the measurements; burst and detect take minutes and run only when named",
    )
    parser.add_argument("--vens", type=int, default=20, metavar="N", help="of detect: sites")
    parser.add_argument("--stock", action="store_true", help="of detect: with stock servers")
    arguments = parser.parse_args()
    problem = missing(arguments.server)
    if problem:
        sys.stderr.write(problem + "\n")
        return 2
    if arguments.only == "detect":
        victims = min(5, arguments.vens)
        options = detect.Options(arguments.server, arguments.vens, victims, arguments.stock)
        figures = asyncio.run(_detect(options))
    elif arguments.only == "burst":
        flood = burst.Flood(500, 6) if arguments.quick else burst.Flood()
        figures = asyncio.run(_burst(detect.Options(arguments.server, 1, 0), flood))
    else:
        figures = asyncio.run(_measure(arguments.server, arguments.only, quick=arguments.quick))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 1 if arguments.only == "burst" and not burst.is_good(figures) else 0


async def _burst(options: detect.Options, flood: burst.Flood) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="xmpp-cem-bench-") as folder:
        return await burst.measure(options, flood, Path(folder))


async def _detect(options: detect.Options) -> dict[str, Any]:
    sys.stdout.write(f"{'seconds':40}{'p50':>8}{'max':>8}  on {options.kind}\n")
    with tempfile.TemporaryDirectory(prefix="xmpp-cem-bench-") as folder:
        return await detect.measure(options, Path(folder))


async def _measure(kind: str, only: str | None, *, quick: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {"server": kind, "quick": quick}
    sys.stdout.write(f"{'':10}{'ours':>10}{'bare':>10}{'ratio':>8}  on {kind}\n")
    with tempfile.TemporaryDirectory(prefix="xmpp-cem-bench-") as folder:
        place = await Place.open(kind, Path(folder))
        try:
            for name, (measure, usual, short) in _PLANS.items():
                if only in {None, name}:
                    figures[name] = await measure(
                        place, short if quick else usual, 1 if quick else 3
                    )
                    _show(name, figures[name])
        finally:
            await place.close()
    return figures


def _show(name: str, figure: dict[str, Any]) -> None:
    values = f"{figure['ours']:>10}{figure['bare']:>10}{figure['ratio']:>8}"
    sys.stdout.write(f"{name:10}{values}  {figure['unit']}\n")
    for part, value in figure.get("each", {}).items():
        sys.stdout.write(f"{value:>20}  {part}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
