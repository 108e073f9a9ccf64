"""CPU time per delivery at a VEN, commit included, against a bare client's."""

import asyncio
from typing import Any

from xmpp_cem.bench.hands import HandVtn, event
from xmpp_cem.bench.place import UPPER, Place, cpu_seconds, quiet, until
from xmpp_cem.model.node import events_node


async def measure(place: Place, count: int, rounds: int) -> dict[str, Any]:
    """Return CPU milliseconds per delivery of both, and their ratio; rounds are interleaved."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        ours.append(await _ours(place, count, number))
        bare.append(await _bare(place, count))
    ratio = sorted(o / b for o, b in zip(ours, bare, strict=True))[rounds // 2]
    return {
        "unit": "CPU ms/delivery",
        "ours": round(sum(ours) / rounds, 3),
        "bare": round(sum(bare) / rounds, 3),
        "ratio": round(ratio, 3),
    }


async def _ours(place: Place, count: int, number: int) -> float:
    """Let a VEN take modifications of an event that it has opted out of: nothing else is done."""
    hand = HandVtn(place, UPPER, "ven")
    await hand.open()
    button = place.folder / "override"
    button.touch()
    config: dict[str, Any] = {
        "role": "ven",
        "party": "ven",
        "store": str(place.folder / f"deliver-{number}.sqlite"),
        "upper": {
            "domain": UPPER,
            "vtn": "vtn-upper@xmpp.localhost",
            "account": place.account("ven"),
        },
        "control": {"every": "PT60S"},
        "resources": [
            {
                "id": "battery",
                "driver": "simulated",
                "kind": "battery",
                "rated_charge_w": 5000,
                "rated_discharge_w": 5000,
                "capacity_wh": 10000,
                "button": str(button),
            }
        ],
    }
    child = await place.agent(config, f"deliver-{number}")
    await until(lambda: hand.registrations > 0)
    await asyncio.sleep(1)
    await hand.publish_index(version=number * 10 + 1)
    first = event(1)
    await hand.publish_event(first)
    await until(lambda: hand.answers > 0)
    cpu = await _flood(hand, child, count)
    await place.clear()
    return cpu


async def _bare(place: Place, count: int) -> float:
    hand = HandVtn(place, UPPER, "bare-upper")
    await hand.open()
    part = {"kind": "receive", "service": str(place.service(UPPER)), "node": events_node(UPPER)}
    child = await place.bare(part, "bare-upper")
    cpu = await _flood(hand, child, count)
    await place.clear()
    return cpu


async def _flood(hand: HandVtn, child: asyncio.subprocess.Process, count: int) -> float:
    before = await quiet(child)
    for modification in range(1, count + 1):
        await hand.publish_event(event(1, modification))
    after = await quiet(child)
    if cpu_seconds(child) <= before:
        raise RuntimeError("nothing was delivered")
    return (after - before) / count * 1000
