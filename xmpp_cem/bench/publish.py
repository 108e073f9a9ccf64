"""Controls per second through the whole path of a VTN, against a bare client's."""

import asyncio
import time
from typing import Any

from xmpp_cem.bench.hands import HandVtn, event, hand_ven, head
from xmpp_cem.bench.place import HOST, UPPER, Place, end, until
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, RequestMessage, ResponseMessage, Result, Verb
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, LinkEvent
from xmpp_cem.model.node import events_node, operations_node
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.xmpp.stream import Stream

_IN_FLIGHT = 10


class _Watch:
    """Sees and keeps everything that is published."""

    def __init__(self) -> None:
        self.recorded: list[list[str]] = []

    def take(self, what: LinkEvent) -> None:
        """Note a delivery."""
        if isinstance(what, Delivery):
            self.recorded.append([what.node, what.item_id, what.payload.decode()])

    def events(self) -> int:
        """Return how many different events were seen."""
        node = events_node(UPPER)
        return len({item for where, item, _ in self.recorded if where == node} - {"index"})


async def measure(place: Place, count: int, rounds: int) -> dict[str, Any]:
    """Return controls per second of both, and their ratio; rounds are interleaved."""
    ours: list[float] = []
    bare: list[float] = []
    for number in range(rounds):
        rate, recorded, reply = await _ours(place, count, number)
        ours.append(rate)
        bare.append(await _bare(place, count, recorded, reply))
    ratio = sorted(o / b for o, b in zip(ours, bare, strict=True))[rounds // 2]
    return {
        "unit": "controls/s",
        "ours": round(sum(ours) / rounds, 1),
        "bare": round(sum(bare) / rounds, 1),
        "ratio": round(ratio, 3),
    }


async def _ours(place: Place, count: int, number: int) -> tuple[float, list[list[str]], str]:
    config: dict[str, Any] = {
        "role": "vtn",
        "party": "vtn-upper",
        "store": str(place.folder / f"publish-{number}.sqlite"),
        "lower": {
            "domain": UPPER,
            "pubsub": str(place.service(UPPER)),
            "account": place.account("vtn-upper"),
            "uplink": "transaction",
            "grace": "PT1S",
            "members": [{"party": "ven", "account": f"ven@{HOST}"}],
            "operators": [f"operator@{HOST}", f"bare-upper@{HOST}"],
        },
    }
    hand = HandVtn(place, UPPER, "ven")
    await hand.open()
    await place.clear()
    await place.agent(config, f"publish-{number}")
    watch = _Watch()
    operator = await place.connect("operator", "op", watch.take)
    await operator.watch_presence(Jid(f"vtn-upper@{HOST}"))
    await hand_ven(place, UPPER)
    await _subscribe(operator, place)
    await asyncio.sleep(2)
    watch.recorded.clear()
    rate, reply = await _load(operator, watch, count, first=1 + number * count)
    await asyncio.sleep(1.5)
    await place.clear()
    return rate, watch.recorded, reply


async def _bare(place: Place, count: int, recorded: list[list[str]], reply: str) -> float:
    part = {
        "kind": "vtn",
        "connection": "vtn",
        "service": str(place.service(UPPER)),
        "recorded": recorded,
        "asked": count,
        "reply": reply,
    }
    child = await place.bare(part, "vtn-upper")
    watch = _Watch()
    operator = await place.connect("operator", "op", watch.take)
    await _subscribe(operator, place)
    watch.recorded.clear()
    rate, _ = await _load(operator, watch, count, first=1)
    await end(child)
    await place.clear()
    return rate


async def _subscribe(operator: Stream, place: Place) -> None:
    for node in (events_node(UPPER), operations_node(UPPER)):
        await operator.subscribe(place.service(UPPER), node)


async def _load(operator: Stream, watch: _Watch, count: int, first: int) -> tuple[float, str]:
    """Ask for `count` events, ten in flight; the clock stops when all were seen published."""
    turn = asyncio.Semaphore(_IN_FLIGHT)
    vtn = Jid(f"vtn-upper@{HOST}", "vtn")
    replies: list[bytes] = []

    async def ask(number: int) -> None:
        async with turn:
            body = EndDeviceControls(events=(event(number),))
            header = head("operator", Verb.CREATE, Noun.CONTROLS, number)
            payload = encode(RequestMessage(header=header, body=body))
            replies.append(await operator.request(vtn, payload, is_query=False, timeout=60))

    started = time.perf_counter()
    await asyncio.gather(*(ask(first + i) for i in range(count)))
    await until(lambda: watch.events() >= count)
    seconds = time.perf_counter() - started
    last = decode(replies[-1], Flow.REPLY)
    if not isinstance(last, ResponseMessage) or last.result is not Result.OK:
        raise RuntimeError(f"the VTN did not take the events: {replies[-1].decode()}")
    return count / seconds, replies[-1].decode()
