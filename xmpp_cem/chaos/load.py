"""The steady load of a round: an event that acts, one that is cancelled, a limit, an override."""

import asyncio
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from xmpp_cem.chaos.ledger import Control, Fate
from xmpp_cem.chaos.plan import ACTIVE_S, GAP_S, LEAD_S, RATED_W, SITES, WINDOW_S
from xmpp_cem.chaos.scene import Scene
from xmpp_cem.messages.envelope import ResponseMessage, Result
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.signal import Delta, Direction, Limit
from xmpp_cem.model.time import Interval, window

_CANCEL_S = 5.0
_TRAVEL_S = 2.0
"""A cancel that is given later may meet the event's end on its way down."""

_OVERRIDE_SHARE, _CANCEL_SHARE = 0.2, 0.2
_LIMIT_SHARE, _RELEASE_SHARE = 0.25, 0.5
_ALL_W = len(SITES) * RATED_W


async def play(scene: Scene, chance: Random) -> None:
    """Make the controls of one round; returns when the operator has all answers it will get."""
    # Power that still moves for the last event would spoil the baseline of this one.
    rested = scene.stage.ledger.moved_until(scene.now()) + timedelta(seconds=GAP_S)
    soonest = max(scene.now() + timedelta(seconds=LEAD_S), rested)
    start = window(soonest, timedelta(seconds=WINDOW_S)).end
    is_limited = chance.random() < _LIMIT_SHARE
    sign = 1 if is_limited else -1
    async with asyncio.TaskGroup() as group:
        group.create_task(_acting(scene, chance, start, sign), name="an event")
        later = start + timedelta(seconds=ACTIVE_S + GAP_S)
        group.create_task(_withdrawn(scene, chance, later), name="an event withdrawn")
        if chance.random() < _OVERRIDE_SHARE:
            group.create_task(_overridden(scene, chance.choice(SITES)), name="an override")
        if is_limited:
            group.create_task(_limited(scene, chance, start), name="a limit")


async def _acting(scene: Scene, chance: Random, start: datetime, sign: int) -> None:
    """Dispatch an event, and cancel it in some rounds while it acts."""
    control = await _create(scene, chance, _until(start), _change(chance, sign))
    if control.fate == "accepted" and chance.random() < _CANCEL_SHARE:
        until = start + timedelta(seconds=chance.uniform(0, ACTIVE_S - _TRAVEL_S))
        await asyncio.sleep(max(0.0, (until - scene.now()).total_seconds()))
        control.cancel = await _cancelled(scene, control)


async def _withdrawn(scene: Scene, chance: Random, start: datetime) -> None:
    """Dispatch an event that begins later, and cancel it before."""
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    control = await _create(scene, chance, _until(start), _change(chance, -1))
    await asyncio.sleep(chance.uniform(0.2, 2.5))
    control.cancel = await _cancelled(scene, control)


async def _limited(scene: Scene, chance: Random, start: datetime) -> None:
    """Bound what is charged while the event acts, and lift that early in every other round."""
    await asyncio.sleep(chance.uniform(0.0, 1.5))
    limit_w = chance.randrange(_ALL_W // 10, _ALL_W // 3)
    limit = Limit(limit_w=limit_w, direction=Direction.IMPORT, is_mandatory=True)
    begin = start + timedelta(seconds=chance.randint(0, 1))
    active = Interval(start=begin, end=begin + timedelta(seconds=ACTIVE_S))
    control = await _create(scene, chance, active, limit)
    if control.fate == "accepted" and chance.random() < _RELEASE_SHARE:
        until = begin + timedelta(seconds=chance.uniform(0, ACTIVE_S - _TRAVEL_S))
        await asyncio.sleep(max(0.0, (until - scene.now()).total_seconds()))
        control.cancel = await _cancelled(scene, control)


async def _overridden(scene: Scene, site: str) -> None:
    """Let a customer take over for a while: the others are asked for more."""
    await asyncio.sleep(scene.between(1.0, 3.0))
    button = scene.place.button(site)
    scene.stage.ledger.harm(scene.number, site)
    button.touch()
    await asyncio.sleep(scene.between(0.7, 2.0))
    button.unlink()


def _until(start: datetime) -> Interval:
    return Interval(start=start, end=start + timedelta(seconds=ACTIVE_S))


def _change(chance: Random, sign: int) -> Delta:
    return Delta(power_w=sign * chance.randrange(_ALL_W // 10, _ALL_W * 3 // 4))


async def _create(scene: Scene, chance: Random, active: Interval, signal: Delta | Limit) -> Control:
    now, start = scene.now(), active.start
    event = Event(
        id=str(UUID(int=chance.getrandbits(128), version=4)),
        order=Order(epoch=0, modification=0),
        active=active,
        signal=signal,
        created=now,
        answer_by=start + timedelta(seconds=0.5),
    )
    control = Control(event.id, scene.number, signal, now, active)
    scene.stage.ledger.controls.append(control)
    seconds = (start - now).total_seconds() - 0.2
    control.fate = _fate(await scene.stage.desk.create(event, seconds))
    return control


async def _cancelled(scene: Scene, control: Control) -> Fate:
    """Cancel; what is answered after the event's end may have come too late to mean anything."""
    fate = _fate(await scene.stage.desk.cancel(control.id, _CANCEL_S))
    return "unknown" if scene.now() >= control.active.end else fate


def _fate(reply: ResponseMessage | None) -> Fate:
    if reply is None:
        return "unknown"
    return "refused" if reply.result is Result.FAILED else "accepted"
