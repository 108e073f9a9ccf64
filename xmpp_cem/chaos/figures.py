"""The figures of many rounds, added up over runs in one file."""

import fcntl
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from xmpp_cem.chaos.findings import Findings

_LEAST_ROUNDS = 20
_MOST_RSS = 1.6


@dataclass
class Figures:
    """What happened on one server, over all runs.

    Args:
        rounds: how many.
        faults: how often each kind was injected.
        points: at how many commits parties died, by role, kind of input and moment.
        starved: in how many rounds the machine let each party stand still, beside all faults.
        controls: events that an operator asked for.
        fates: what became of them: accepted, refused, unknown; cancelled beside.
        readings: windows of readings that were held against each other.
        lost, duplicated, disagreements, unrecovered: how many of each were found.
        recoveries: how long each round took to recover, seconds.
        rss_growth: the parties' memory at the end of a run, of that at its beginning; the worst.
        file_growth: bytes by which all stores grew in a round, the mean over the later half of
            the worst run; 0 if all were short.
        seeds: seed of each run, and how many rounds it had.
        failures: seed, round, faults and findings of each round that failed.
    """

    rounds: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    starved: dict[str, int] = field(default_factory=dict)
    controls: int = 0
    fates: dict[str, int] = field(default_factory=dict)
    readings: int = 0
    lost: int = 0
    duplicated: int = 0
    disagreements: int = 0
    unrecovered: int = 0
    recoveries: list[float] = field(default_factory=list)
    rss_growth: float = 1.0
    file_growth: int = 0
    seeds: list[list[int]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, doubled, at odds or left broken."""
        wrong = self.lost + self.duplicated + self.disagreements + self.unrecovered
        return not wrong and self.rss_growth <= _MOST_RSS

    def found(self, findings: Findings) -> None:
        """Count what an audit found."""
        self.lost += len(findings.lost)
        self.duplicated += len(findings.duplicated)
        self.disagreements += len(findings.disagreements)
        self.unrecovered += len(findings.unrecovered)

    def add(self, other: "Figures") -> None:
        """Add another run's figures."""
        for name in ("rounds", "controls", "readings"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("lost", "duplicated", "disagreements", "unrecovered"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("faults", "points", "starved", "fates"):
            counts = getattr(self, name)
            for key, count in getattr(other, name).items():
                counts[key] = counts.get(key, 0) + count
        self.recoveries += other.recoveries
        self.rss_growth = max(self.rss_growth, other.rss_growth)
        self.file_growth = max(self.file_growth, other.file_growth)
        rounds: Counter[int] = Counter()
        for seed, count in (*self.seeds, *other.seeds):
            rounds[seed] += count
        self.seeds = [[seed, count] for seed, count in rounds.items()]
        self.failures += other.failures

    def summary(self) -> dict[str, Any]:
        """Return everything for a JSON file, with the percentiles of recovery."""
        values = asdict(self)
        values["recovery_s"] = percentiles(self.recoveries)
        return values


def percentiles(values: list[float]) -> dict[str, float]:
    """Return the middle, the 99th percentile and the greatest of some seconds."""
    if not values:
        return {}
    if len(values) == 1:
        return {"p50": values[0], "p99": values[0], "max": values[0]}
    high = quantiles(values, n=100, method="inclusive")[98]
    return {"p50": round(median(values), 2), "p99": round(high, 2), "max": round(max(values), 2)}


def growth(totals: list[int]) -> float:
    """Return how much memory grew over a run: its last quarter against its second; 1 if short."""
    if len(totals) < _LEAST_ROUNDS:
        return 1.0
    quarter = len(totals) // 4
    return round(median(totals[-quarter:]) / median(totals[quarter : 2 * quarter]), 3)


def more_bytes(totals: list[int]) -> int:
    """Return by how much stores grew in a round, over the later half of a run; 0 if short."""
    if len(totals) < _LEAST_ROUNDS:
        return 0
    later = totals[len(totals) // 2 :]
    return (later[-1] - later[0]) // (len(later) - 1)


def read(path: Path, server: str) -> Figures:
    """Return the figures of a server so far; none when there is no file yet."""
    known = _known(path).get(server, {})
    known.pop("recovery_s", None)
    return Figures(**known)


def add_to(path: Path, server: str, more: Figures) -> Figures:
    """Add to the figures of one server in a file, also while other runs do; return the sum."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        total = read(path, server)
        total.add(more)
        everything = _known(path) | {server: total.summary()}
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(json.dumps(everything, indent=2) + "\n", encoding="utf-8")
        fresh.replace(path)
    return total


def _known(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return known
