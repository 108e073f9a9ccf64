"""Lets a domain work for long under a steady load on virtual time, and watches its memory."""

import argparse
import gc
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.loop import VirtualLoop
from xmpp_cem.simulation.operator import Operator
from xmpp_cem.simulation.plan import Step
from xmpp_cem.simulation.play import close, logging_into, uncollected
from xmpp_cem.simulation.soak_domain import Domain, Load
from xmpp_cem.simulation.town import TOP

_WARM_S = 2100
"""Until all bounds are reached; growth is measured after it, or in a short run's last third."""

_POWER_W, _CHANGE_W = 4500, -100
_LEAD_S, _LENGTH_S, _LOOK_S, _REST_S = 1.0, 1.0, 120, 15


@dataclass
class Figures:
    """What became of a run; memory in MB, `growth` of it by the hour after warming up.

    Once `is_ending` the run ends with the second that it is in, and is audited.

    `kept` are the records in all stores and `blocks` the objects that Python holds, at the same
    instants: memory that grows while neither does is what the allocator does not give back.
    """

    load: Load
    seconds: int = 0
    took_s: float = 0.0
    controls: Counter[str] = field(default_factory=Counter)
    committed: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    behind: dict[str, str] = field(default_factory=dict)
    rss: list[tuple[int, float]] = field(default_factory=list)
    kept: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    cpu_s: list[tuple[int, float]] = field(default_factory=list)
    is_ending: bool = False

    @property
    def growth(self) -> float:
        """How fast memory grows, MB an hour of virtual time."""
        return self._growth_of(self.rss)

    @property
    def block_growth(self) -> float:
        """How many more objects Python holds after an hour of virtual time."""
        return self._growth_of(self.blocks)

    def _growth_of(self, sizes: Iterable[tuple[int, float]]) -> float:
        """Return the slope of a line fitted to what was seen after warming up, by the hour."""
        warm = min(_WARM_S, 2 * self.seconds // 3)
        points = [(at, size) for at, size in sizes if at >= warm]
        if len(points) < 3:  # noqa: PLR2004 a line needs more
            return 0.0
        mean_at = sum(at for at, _ in points) / len(points)
        mean = sum(size for _, size in points) / len(points)
        spread = sum((at - mean_at) ** 2 for at, _ in points)
        return 3600 * sum((at - mean_at) * (size - mean) for at, size in points) / spread

    @property
    def lost(self) -> int:
        """How many accepted controls were never committed, counted at each site that they mean."""
        meant = self.controls["OK"] * (self.load.aimed or self.load.sites)
        return max(0, meant - sum(self.committed.values()))

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "load": asdict(self.load),
            "virtual_s": self.seconds,
            "took_s": round(self.took_s, 1),
            "controls": dict(self.controls),
            "committed": self.committed,
            "lost": self.lost,
            "readings": self.readings,
            "behind": self.behind,
            "rss_mb": [(at, round(size, 1)) for at, size in self.rss],
            "records": self.kept,
            "blocks": self.blocks,
            "cpu_s": [(at, round(spent, 1)) for at, spent in self.cpu_s],
            "growth_mb_per_hour": round(self.growth, 1),
            "growth_blocks_per_hour": round(self.block_growth),
        }


def soak(load: Load) -> Figures:
    """Run a domain under a load until interrupted; whatever a party dies from raises here."""
    loop = VirtualLoop(most_turns=sys.maxsize)
    figures = Figures(load)
    began = time.monotonic()
    with logging_into(None), _interrupted(figures), uncollected():
        try:
            loop.run_until_complete(_run(loop, load, figures))
        finally:
            figures.took_s = time.monotonic() - began
            close(loop)
    return figures


@contextmanager
def _interrupted(figures: Figures) -> Iterator[None]:
    """Let an interrupt end the run early and not without its figures: it can take hours."""

    def end(_number: int, _frame: FrameType | None) -> None:
        figures.is_ending = True

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def _run(loop: VirtualLoop, load: Load, figures: Figures) -> None:
    domain = Domain(loop, load)
    evidence = Evidence(domain.clock.now, is_traced=False)
    operator = Operator(domain.router, domain.clock, evidence)
    await domain.clock.sleep(_REST_S)
    number, due, second = 0, 0.0, 0
    for second in range(1, load.seconds + 1):
        due += load.controls
        many, due = int(due), due % 1
        for place in range(many):
            number += 1
            power_w = load.aimed * _POWER_W or _CHANGE_W
            step = Step(0, "create", "", number, power_w, _LEAD_S, _LENGTH_S)
            operator.create(step, *domain.aims(number))
            operator.forget(number)
            await domain.clock.sleep(1 / many if place + 1 < many else 0)
        await domain.clock.sleep(1 / max(1, many))
        if second % _LOOK_S == 0:
            _look(second, domain, evidence, figures)
        if figures.is_ending:
            break
    await domain.clock.sleep(_REST_S)
    _look(second, domain, evidence, figures)
    for name in domain.names:
        store = domain.stores[name]
        figures.committed[name] = store.rows["commitment"]
        figures.readings += store.rows["reading"]
        made, known = store.positions.get(""), domain.stores[TOP].positions.get(name)
        if made is None or known is None or known < made:
            figures.behind[name] = f"{known} of {made}"
    operator.stop()
    domain.stop()


def _look(second: int, domain: Domain, evidence: Evidence, figures: Figures) -> None:
    """Note memory and answers, and drop what only this program would keep.

    Garbage is collected here and not in between: with millions of objects each time costs seconds.
    """
    answered = [command for command in evidence.commands if command.result]
    figures.controls.update(command.result for command in answered)
    evidence.commands = [command for command in evidence.commands if not command.result]
    gc.collect()
    figures.seconds = second
    figures.rss.append((second, _rss_mb()))
    figures.kept.append((second, sum(store.size for store in domain.stores.values())))
    figures.blocks.append((second, sys.getallocatedblocks()))
    figures.cpu_s.append((second, time.process_time()))
    sys.stderr.write(
        f"{second} s, {figures.controls.total()} controls, {figures.rss[-1][1]:.0f} MB, "
        f"{figures.kept[-1][1]} records, {figures.blocks[-1][1]} objects, "
        f"{figures.cpu_s[-1][1]:.0f} s of a processor\n"
    )


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


def main() -> int:
    """Soak as the arguments say; returns the exit code."""
    usual = Load()
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=usual.seconds, help="virtual time (3600)")
    parser.add_argument("--controls", type=float, default=usual.controls, help="a second (50)")
    parser.add_argument("--readings", type=int, default=usual.readings, help="a second (500)")
    parser.add_argument("--sites", type=int, default=usual.sites, help="that share them (2)")
    aimed = "of so many sites each control means one resource (1); 0: of all sites all"
    parser.add_argument("--aimed", type=int, default=usual.aimed, help=aimed)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    told = parser.parse_args()
    figures = soak(Load(told.seconds, told.controls, told.readings, told.sites, told.aimed))
    if told.json:
        told.json.write_text(json.dumps(figures.as_json(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(
        f"{figures.seconds} s of virtual time in {figures.took_s:.0f} s: "
        f"{dict(figures.controls)} controls, {figures.lost} lost, {figures.readings} readings, "
        f"{len(figures.behind)} sites behind, memory {figures.growth:+.1f} MB an hour, "
        f"{figures.block_growth:+.0f} objects an hour\n"
    )
    return 1 if figures.lost or figures.behind else 0


if __name__ == "__main__":
    sys.exit(main())
