"""Waits until everybody is back, everything has come in and every event has ended."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.chaos.plan import MEMBERS, PARTIES
from xmpp_cem.chaos.scene import Scene
from xmpp_cem.model.position import Position

_LOOK_S = 0.2
_AHEAD = timedelta(seconds=5)


async def settle(scene: Scene, healed: datetime, seconds: float) -> tuple[float, list[str]]:
    """Wait for quiet after the last fault's end.

    Returns:
        How long it took to recover, seconds, and what had not settled when time was up.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    recovered: float | None = None
    reported = _Reported(scene)
    while True:
        missing = await _unsettled(scene, healed, reported)
        if not missing and recovered is None:
            recovered = (scene.now() - healed).total_seconds()
        missing += _unended(scene)
        if not missing or loop.time() > until:
            took = recovered if recovered is not None else seconds
            return took, missing
        await asyncio.sleep(_LOOK_S)


@dataclass
class _Reported:
    """What members have reported in their present epoch, each report read but once."""

    scene: Scene
    _known: dict[str, tuple[str, list[tuple[Position, datetime]]]] = field(default_factory=dict)

    def of(self, member: str, epoch: int) -> list[tuple[Position, datetime]]:
        """Return position and last instant of each report."""
        beginning = f"{epoch:016d}."
        last, known = self._known.get(member, (beginning, []))
        if not last.startswith(beginning):
            last, known = beginning, []
        for report in self.scene.stage.shelf(member).reports(last):
            known.append((report.position, report.until))
            last = report.key
        self._known[member] = last, known
        return known


async def _unsettled(scene: Scene, healed: datetime, reported: _Reported) -> list[str]:
    """Return who is not reachable, not current, or whose readings are still missing."""
    missing: list[str] = []
    soon = scene.now() + _AHEAD
    for domain, members in MEMBERS.items():
        shelf = scene.stage.shelf(domain)
        index, known = shelf.index_position(), shelf.members()
        for member in members:
            ven = scene.stage.shelf(member).ven()
            if (ven.index_epoch, ven.index_version) < index:
                missing.append(f"{member} has an old index of {domain}")
            reports = reported.of(member, ven.epoch)
            due = [position for position, end in reports if end <= healed]
            held = known[member].known if member in known else None
            # Windows of the future are those of a clock that was wrong.
            if not any(healed < end <= soon for _, end in reports):
                missing.append(f"{member} has not reported since")
            elif held is None or held < max([*due, Position(ven.epoch, 0)]):
                missing.append(f"{domain} has not all readings of {member}")
    if missing:
        return missing
    for domain, members in MEMBERS.items():
        away = set(members) - await scene.stage.desk.reachable(domain)
        missing += [f"{member} is away for {domain}" for member in sorted(away)]
    return missing


def _unended(scene: Scene) -> list[str]:
    """Return the events that anybody still keeps as live."""
    now = scene.now()
    missing = []
    for party in PARTIES:
        for event, end in scene.stage.shelf(party).unended().items():
            state = "is not over" if end > now else "never ended"
            missing.append(f"{event} at {party} {state}")
    return missing
