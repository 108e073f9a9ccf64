"""Faults of stores: put back to an older copy, no room to write; recorded requests repeated."""

import asyncio
from collections.abc import Iterable

from xmpp_cem.chaos.owner import Owner
from xmpp_cem.chaos.plan import GATEWAYS, GRID, HOST, MEMBERS, PARTIES, SITES, account
from xmpp_cem.chaos.scene import NothingLeftError, Scene
from xmpp_cem.core.inputs import RequestArrived
from xmpp_cem.errors import RefusedError
from xmpp_cem.messages.envelope import Verb
from xmpp_cem.model.ids import Jid
from xmpp_cem.runtime.journal import read
from xmpp_cem.wire.codec import encode

_REPEATS = 10
_LEAST_BYTES = 4096
_FIRST_SHARE = 0.3


async def restore_ven(scene: Scene) -> None:
    """Kill a VEN, put an older copy of its store back, start it."""
    await _restore(scene, SITES)


async def restore_gateway(scene: Scene) -> None:
    """Kill a gateway, put an older copy of its store back, start it."""
    await _restore(scene, GATEWAYS)


async def restore_vtn(scene: Scene) -> None:
    """Kill the top VTN, put an older copy of its store back, start it."""
    await _restore(scene, (GRID,))


async def disk_full(scene: Scene) -> None:
    """Let a party's files not grow for a while; it ends, and is started again."""
    party = scene.take(PARTIES)
    scene.parties.excuse(party)
    scene.parties.limit_files(party, _LEAST_BYTES)
    try:
        await asyncio.sleep(scene.between(1.0, 4.0))
    finally:
        scene.parties.limit_files(party, None)


async def replay_request(scene: Scene) -> None:
    """Send a member's recorded transactions once more under its account."""
    domain = scene.chance.choice(tuple(MEMBERS))
    shelf = scene.stage.shelf(domain)
    recorded = [read(row) for row in shelf.requests(_REPEATS * 4)]
    members = set(MEMBERS[domain])
    known = [
        one.message
        for one in recorded
        if isinstance(one, RequestArrived)
        and one.message.header.source in members
        and one.message.header.verb is not Verb.GET
    ]
    if not known:
        raise NothingLeftError("nothing is recorded yet")
    member = scene.chance.choice(sorted({message.header.source for message in known}))
    scene.notes.append(f"{member} to {domain}")
    vtn = Jid(f"{account(domain, leads=True)}@{HOST}", "vtn")
    async with Owner.of(scene.place, member) as owner:
        for message in [m for m in known if m.header.source == member][-_REPEATS:]:
            try:
                await owner.send(vtn, encode(message))
            except RefusedError as refusal:
                scene.notes.append(refusal.condition)


async def _restore(scene: Scene, candidates: Iterable[str]) -> None:
    stage = scene.stage
    party = scene.take([party for party in candidates if party in stage.copied])
    name = "first" if scene.chance.random() < _FIRST_SHARE else "last"
    copied, now = stage.copied[party][name], scene.now()
    scene.notes.append(f"{(now - copied).total_seconds():.0f} s old")
    scene.parties.kill(party)
    stage.look((party,))
    stage.shelf(party).replace_by(stage.copy(party, name))
    stage.forget_place(party)
    stage.ledger.restored.setdefault(party, []).append((copied, now))
    await asyncio.sleep(scene.between(0.0, 1.0))
    scene.parties.start((party,))
