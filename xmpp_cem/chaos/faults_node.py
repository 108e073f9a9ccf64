"""Faults of nodes: old items published again, nodes deleted, reconfigured, unsubscribed."""

import asyncio

from xmpp_cem.chaos.owner import Owner
from xmpp_cem.chaos.plan import GRID, HOST, MEMBERS, account, below
from xmpp_cem.chaos.scene import Scene

_KEPT = 20
_REPAIR_S = 20.0


async def replay_item(scene: Scene) -> None:
    """Publish what a node holds, and what it held in earlier rounds, again a little later."""
    domain = scene.chance.choice(tuple(MEMBERS))
    scene.notes.append(domain)
    museum = scene.stage.museum.setdefault(domain, {})
    async with Owner.of(scene.place, account(domain, leads=True)) as owner:
        present = {item.item_id: item for item in await owner.items(domain)}
        await asyncio.sleep(scene.between(0.2, 3.0))
        old = scene.chance.sample(sorted(museum), min(3, len(museum)))
        for item in (*present.values(), *(museum[name] for name in old)):
            await owner.publish(domain, item)
        await asyncio.sleep(1.0)
        for name in set(old) - set(present):
            await owner.retract(domain, name)
    for name, item in present.items():
        if name != "index":
            museum[name] = item
    for name in list(museum)[:-_KEPT]:
        del museum[name]


async def delete_node(scene: Scene) -> None:
    """Delete an events node, and later have it repaired as the documentation says."""
    domain = scene.take(tuple(MEMBERS))
    async with Owner.of(scene.place, account(domain, leads=True)) as owner:
        await owner.delete(domain)
    await asyncio.sleep(scene.between(0.5, 3.0))
    await scene.stage.desk.provision(domain, _REPAIR_S)


async def reconfigure_node(scene: Scene) -> None:
    """Open an events node to everybody, and later have it repaired as the documentation says."""
    domain = scene.take(tuple(MEMBERS))
    async with Owner.of(scene.place, account(domain, leads=True)) as owner:
        await owner.reconfigure(domain)
    await asyncio.sleep(scene.between(0.5, 3.0))
    await scene.stage.desk.provision(domain, _REPAIR_S)


async def unsubscribe(scene: Scene) -> None:
    """End a member's subscription behind its back; it has to find out."""
    domain = scene.chance.choice(tuple(MEMBERS))
    member = scene.chance.choice(MEMBERS[domain])
    scene.notes.append(member)
    scene.stage.ledger.harm(scene.number, *(below(member) if domain == GRID else {member}))
    async with Owner.of(scene.place, account(domain, leads=True)) as owner:
        await owner.unsubscribe(domain, f"{member}@{HOST}")
