"""Faults inside a party: killed at a chosen commit, and told everything in another order."""

import asyncio
import json

from xmpp_cem.chaos.party import MOMENTS
from xmpp_cem.chaos.plan import GATEWAYS, GRID, PARTIES
from xmpp_cem.chaos.scene import NothingLeftError, Scene

_COMES_WITHIN_S, _STARTS_WITHIN_S = 8.0, 20.0
_LOOK_S = 0.05
_AT_START = frozenset({"Started", "LinkChanged", "CaughtUp", "ServiceProbed", "NodesVerified"})


async def kill_at_commit(scene: Scene) -> None:
    """Let a party die at the commit of an input of some kind: of those seldom tried so far."""
    party = scene.take(PARTIES)
    points = scene.stage.points
    role = "vtn" if party == GRID else "gateway" if party in GATEWAYS else "ven"
    kinds = scene.stage.shelf(party).kinds()
    known = [(kind, moment) for kind in kinds for moment in MOMENTS]
    if not known:
        raise NothingLeftError(f"{party} has committed nothing yet")
    scene.chance.shuffle(known)
    kind, moment = min(known, key=lambda one: points.get(f"{role} {one[0]} {one[1]}", 0))
    scene.notes.append(f"{moment} {kind}")
    scene.parties.excuse(party)
    order = scene.place.config(party).with_suffix(".die")
    order.write_text(json.dumps([kind, moment]), encoding="utf-8")
    if kind in _AT_START:
        scene.parties.kill(party)
        scene.parties.start((party,))
    try:
        async with asyncio.timeout(_STARTS_WITHIN_S if kind in _AT_START else _COMES_WITHIN_S):
            while order.exists():  # noqa: ASYNC110 a file has no event
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        order.unlink(missing_ok=True)
        raise NothingLeftError("the commit did not come") from error
    points[f"{role} {kind} {moment}"] = points.get(f"{role} {kind} {moment}", 0) + 1


async def disorder(scene: Scene) -> None:
    """Let what reaches a party overtake each other for a while."""
    party = scene.take(PARTIES)
    switch = scene.place.config(party).with_suffix(".disorder")
    switch.touch()
    try:
        await asyncio.sleep(scene.between(3.0, 6.0))
    finally:
        switch.unlink()
