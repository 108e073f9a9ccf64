"""Faults of processes: killed, killed again, frozen."""

import asyncio
import os
import signal
from collections.abc import Iterable

from xmpp_cem.chaos.plan import GATEWAYS, GRID, PARTIES, SITES
from xmpp_cem.chaos.scene import Scene

_LONG_FREEZE_S = (9.0, 12.0)
"""Longer than the shortened time-outs of the servers."""


async def kill_ven(scene: Scene) -> None:
    """Kill a VEN and start it again."""
    await _kill(scene, SITES)


async def kill_gateway(scene: Scene) -> None:
    """Kill a gateway and start it again."""
    await _kill(scene, GATEWAYS)


async def kill_vtn(scene: Scene) -> None:
    """Kill the top VTN and start it again."""
    await _kill(scene, (GRID,))


async def kill_twice(scene: Scene) -> None:
    """Kill a party, and again while it is starting or catching up."""
    party = scene.take(PARTIES)
    for _ in range(2):
        scene.parties.kill(party)
        await asyncio.sleep(scene.between(0.0, 0.3))
        scene.parties.start((party,))
        await asyncio.sleep(scene.between(0.3, 1.8))


async def kill_server(scene: Scene) -> None:
    """Kill the server and start it again."""
    scene.take_server()
    await scene.place.server.kill()
    await asyncio.sleep(scene.between(0.0, 1.5))
    await scene.place.server.restart()


async def restart_server(scene: Scene) -> None:
    """Stop the server in order and start it again."""
    scene.take_server()
    await scene.place.server.restart()


async def freeze_ven(scene: Scene) -> None:
    """Stop a VEN where it stands, and let it go on."""
    await _freeze(scene, SITES)


async def freeze_gateway(scene: Scene) -> None:
    """Stop a gateway where it stands, and let it go on."""
    await _freeze(scene, GATEWAYS)


async def freeze_vtn(scene: Scene) -> None:
    """Stop the top VTN where it stands, and let it go on."""
    await _freeze(scene, (GRID,))


async def freeze_server(scene: Scene) -> None:
    """Stop the server where it stands, and let it go on."""
    scene.take_server()
    pid = scene.place.server.pid
    os.killpg(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(scene.between(2.0, 12.0))
    finally:
        os.killpg(pid, signal.SIGCONT)


async def _kill(scene: Scene, candidates: Iterable[str]) -> None:
    party = scene.take(candidates)
    scene.parties.kill(party)
    await asyncio.sleep(scene.between(0.0, 2.0))
    scene.parties.start((party,))


async def _freeze(scene: Scene, candidates: Iterable[str]) -> None:
    """Freeze for a moment or, one time in three, for longer than anybody waits."""
    party = scene.take(candidates)
    is_long = scene.chance.random() < 1 / 3
    scene.parties.freeze(party)
    try:
        await asyncio.sleep(scene.between(*_LONG_FREEZE_S) if is_long else scene.between(1, 4))
    finally:
        scene.parties.thaw(party)
