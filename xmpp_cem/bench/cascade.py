"""Latency that one level of the hierarchy adds, against a bare relay's."""

import asyncio
import time
from typing import Any

from xmpp_cem.bench.hands import HandVtn, event, hand_ven
from xmpp_cem.bench.place import HOST, LOWER, UPPER, Place, until
from xmpp_cem.model.link import Delivery, LinkEvent
from xmpp_cem.model.node import events_node


async def measure(place: Place, count: int, rounds: int) -> dict[str, Any]:
    """Return milliseconds from publish above to delivery below of both, and their ratio."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        ours.append(await _ours(place, count, number))
        bare.append(await _bare(place, count))
    ratio = sorted(o / b for o, b in zip(ours, bare, strict=True))[rounds // 2]
    return {
        "unit": "ms/level",
        "ours": round(sum(ours) / rounds, 2),
        "bare": round(sum(bare) / rounds, 2),
        "ratio": round(ratio, 3),
    }


async def _ours(place: Place, count: int, number: int) -> float:
    below = HandVtn(place, LOWER, "ven")
    await below.open()
    await place.clear()
    above = HandVtn(place, UPPER, "gateway")
    await above.open()
    config: dict[str, Any] = {
        "role": "gateway",
        "party": "gateway",
        "store": str(place.folder / f"cascade-{number}.sqlite"),
        "upper": {
            "domain": UPPER,
            "vtn": f"vtn-upper@{HOST}",
            "account": place.account("gateway"),
            "min_change_every": "PT1S",
        },
        "lower": {
            "domain": LOWER,
            "pubsub": str(place.service(LOWER)),
            "account": place.account("vtn-lower"),
            "uplink": "transaction",
            "grace": "PT1S",
            "members": [{"party": "ven", "account": f"ven@{HOST}"}],
            "operators": [f"operator@{HOST}", f"bare-lower@{HOST}"],
        },
    }
    await place.agent(config, f"cascade-{number}")
    await until(lambda: above.registrations > 0)
    await hand_ven(place, LOWER)
    await until(lambda: above.registrations > 1)
    await asyncio.sleep(1)
    await above.publish_index(version=number * 10 + 1)
    return await _time(place, above, count)


async def _bare(place: Place, count: int) -> float:
    above = HandVtn(place, UPPER, "vtn-lower")
    await above.open()
    part = {
        "kind": "relay",
        "connection": "vtn",
        "service": str(place.service(UPPER)),
        "node": events_node(UPPER),
        "to_service": str(place.service(LOWER)),
        "to_node": events_node(LOWER),
    }
    await place.bare(part, "vtn-lower")
    return await _time(place, above, count)


async def _time(place: Place, above: HandVtn, count: int) -> float:
    """Publish events one by one above; return the median time until something new is below."""
    seen: dict[str, float] = {}

    def take(what: LinkEvent) -> None:
        if isinstance(what, Delivery) and what.item_id != "index":
            seen.setdefault(what.item_id, time.perf_counter())

    watcher = await place.connect("operator", "op", take)
    await watcher.subscribe(place.service(LOWER), events_node(LOWER))
    await asyncio.sleep(0.5)
    seen.clear()
    times = []
    for number in range(1, count + 1):
        known = len(seen)
        started = time.perf_counter()
        await above.publish_event(event(1000 + number))
        await until(lambda known=known: len(seen) > known)  # type: ignore[misc]
        times.append((max(seen.values()) - started) * 1000)
        await asyncio.sleep(0.02)
    await place.clear()
    return sorted(times)[len(times) // 2]
