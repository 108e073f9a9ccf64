"""Faults of connections: dropped, refused, delayed, stalled, half open, throttled."""

import asyncio

from xmpp_cem.chaos.plan import PARTIES
from xmpp_cem.chaos.proxy import Harm
from xmpp_cem.chaos.scene import Scene


async def drop(scene: Scene) -> None:
    """End a party's connections, up to three times."""
    proxy = scene.place.proxies[scene.take(PARTIES)]
    for _ in range(scene.chance.randint(1, 3)):
        proxy.drop()
        await asyncio.sleep(scene.between(0.2, 1.0))


async def drop_all(scene: Scene) -> None:
    """End all parties' connections at once."""
    scene.take_server()
    for proxy in scene.place.proxies.values():
        proxy.drop()
    await asyncio.sleep(0)


async def refuse(scene: Scene) -> None:
    """End a party's connections and let it not connect again for a while."""
    proxy = scene.place.proxies[scene.take(PARTIES)]
    proxy.harm = Harm(refuses=True)
    proxy.drop()
    try:
        await asyncio.sleep(scene.between(1.0, 5.0))
    finally:
        proxy.flow()


async def delay(scene: Scene) -> None:
    """Let everything of a party arrive later."""
    await _harm(scene, Harm(delay_s=scene.between(0.1, 0.6)), 4.0)


async def slow_consumer(scene: Scene) -> None:
    """Let a party's connection carry a few kilobytes a second."""
    await _harm(scene, Harm(bytes_per_s=scene.chance.randint(1500, 6000)), 6.0)


async def stall(scene: Scene) -> None:
    """Hold everything of a party back for a while; then it arrives all at once."""
    proxy = scene.place.proxies[scene.take(PARTIES)]
    proxy.stall()
    try:
        await asyncio.sleep(scene.between(1.0, 5.0))
    finally:
        proxy.flow()


async def half_open(scene: Scene) -> None:
    """End a party's connections for the server alone; the party has to find out."""
    proxy = scene.place.proxies[scene.take(PARTIES)]
    proxy.leave_half_open()
    await asyncio.sleep(0)


async def _harm(scene: Scene, harm: Harm, seconds: float) -> None:
    proxy = scene.place.proxies[scene.take(PARTIES)]
    proxy.harm = harm
    try:
        await asyncio.sleep(scene.between(seconds / 2, seconds))
    finally:
        proxy.flow()
