"""Measures what a flood of messages, and parties that stand still, cost in memory and lose."""

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from xmpp_cem.agents.operator import Operator
from xmpp_cem.bench.commanding import Commands
from xmpp_cem.bench.detect import DOMAIN, VTN, Options, Scene
from xmpp_cem.bench.hands import CLOCK, hand_ven, head
from xmpp_cem.bench.place import HOST, Place
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.envelope import (
    EventMessage,
    Noun,
    RequestMessage,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import reports_node
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import DomainSpec, free_port
from xmpp_cem.testing.site import LOOPBACK
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.xmpp.stream import Stream

MOST_GROWTH_MB = 50
"""By so much memory may grow."""

_SITE, _FLOODER = "site-0", "ven"
_AT_ONCE = 200
_LOOK_S = 0.1
_PATIENCE_S = 180.0


@dataclass(frozen=True)
class Flood:
    """How much comes.

    Args:
        stanzas: so many reports a member sends as fast as they are answered.
        frozen_s: for so long the site, and then the VTN, stands still, seconds.
    """

    stanzas: int = 10_000
    frozen_s: float = 60.0


class Town(Scene):
    """A VTN with one site, and one member by hand."""

    health_port = 0

    def _lower(self) -> dict[str, Any]:
        made = super()._lower()
        made["lower"]["members"].append({"party": _FLOODER, "account": f"{_FLOODER}@{HOST}"})
        self.health_port = free_port()
        made["health"] = f"{LOOPBACK}:{self.health_port}"
        return made

    async def shed(self) -> int:
        """Return how much of what came the VTN says that it has shed so far."""
        reader, writer = await asyncio.open_connection(LOOPBACK, self.health_port)
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        told = json.loads(answer.partition(b"\r\n\r\n")[2])["shed"]
        return int(told["telemetry"] + told["status"] + told["control"])


class Watch:
    """Looks at the memory of processes until it is closed."""

    def __init__(self, town: Town) -> None:
        self._pids = {name: child.pid for name, child in town.running.items()}
        self.first = self._now()
        self.most = dict(self.first)
        self._task = asyncio.create_task(self._look(), name="watch memory")

    async def close(self) -> dict[str, dict[str, float]]:
        """Return memory at first, at most and at last, and how much more the most was; MB."""
        self._task.cancel()
        last = self._now()
        return {
            name: {
                "first_mb": round(self.first[name], 1),
                "most_mb": round(self.most[name], 1),
                "last_mb": round(last[name], 1),
                "growth_mb": round(self.most[name] - self.first[name], 1),
            }
            for name in self._pids
        }

    async def _look(self) -> None:
        while True:
            for name, size in self._now().items():
                self.most[name] = max(self.most[name], size)
            await asyncio.sleep(_LOOK_S)

    def _now(self) -> dict[str, float]:
        return {name: rss_mb(pid) for name, pid in self._pids.items()}


def rss_mb(pid: int) -> float:
    """Return the memory that a process holds, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


async def flooded(stream: Stream, count: int) -> Counter[str]:
    """Send so many reports, some at once all the time; returns how many were answered how."""
    vtn, numbers, fates = Jid(f"{VTN}@{HOST}", "vtn"), iter(range(count)), Counter[str]()

    async def send() -> None:
        for number in numbers:
            try:
                answer = await stream.request(vtn, _report(number), is_query=False, timeout=60)
            except TransportError as error:
                fates[str(error).partition(":")[0]] += 1
                continue
            reply = decode(answer, Flow.REPLY)
            is_taken = isinstance(reply, ResponseMessage) and reply.result is Result.OK
            told = (
                reply.errors[0].code if isinstance(reply, ResponseMessage) and reply.errors else ""
            )
            fates["taken" if is_taken else f"refused with {told}"] += 1

    await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
    return fates


async def published(town: Town, stream: Stream, count: int) -> Counter[str]:
    """Publish so many reports, some at once all the time; what is shed the VTN alone can tell."""
    service, node = town.place.service(DOMAIN), reports_node(DOMAIN)
    numbers, fates, before = iter(range(count)), Counter[str](), await town.shed()

    async def send() -> None:
        for number in numbers:
            try:
                report = _report(number, is_published=True)
                await stream.publish(service, node, f"flood-{number}", report)
            except TransportError as error:
                fates[str(error).partition(":")[0]] += 1
            else:
                fates["published"] += 1

    await asyncio.gather(*(send() for _ in range(_AT_ONCE)))
    fates["shed by the VTN"] = await town.shed() - before
    return fates


def _report(number: int, *, is_published: bool = False) -> bytes:
    """Return a report of one window; each is another one, of the hours before."""
    end = CLOCK.now().replace(minute=0, second=0, microsecond=0) - timedelta(seconds=10 * number)
    window = Interval(start=end - timedelta(seconds=10), end=end)
    body = MeterReadings(readings=(Reading(resource="big", window=window, power_w=number),))
    if is_published:
        event = head(_FLOODER, Verb.CREATED, Noun.READINGS, number)
        return encode(EventMessage(header=event, body=body))
    header = head(_FLOODER, Verb.CREATE, Noun.READINGS, number)
    return encode(RequestMessage(header=header, body=body))


async def measure(options: Options, flood: Flood, folder: Path) -> dict[str, Any]:
    """Return what each act cost and lost; raises ServerError."""
    figures: dict[str, Any] = {"server": options.kind}
    async with _town(options, folder) as (town, operator, stream):
        acts = [("flood", _flood), ("site frozen", _site), ("VTN frozen", _vtn)]
        if options.kind == "ejabberd":  # whose members publish what they report
            acts.insert(1, ("flood by publish", _publish))
        for name, act in acts:
            watch, commands = Watch(town), Commands(operator, _SITE, 1000 * len(figures))
            giving = asyncio.create_task(commands.run(), name="commands")
            told = await act(town, stream, flood)
            giving.cancel()
            await asyncio.gather(giving, return_exceptions=True)
            began = time.monotonic()
            left = await commands.left(_PATIENCE_S)
            figures[name] = {
                "reports": dict(told),
                "events": len(commands.live),
                "events_refused": dict(commands.refused),
                "events_lost": len(left),
                "quiet_s": round(time.monotonic() - began, 1),
                "memory": await watch.close(),
            }
            _show(name, figures[name])
    return figures


def is_good(figures: dict[str, Any]) -> bool:
    """Whether events came, none was lost, and memory stayed within the bound."""
    acts = [act for act in figures.values() if isinstance(act, dict)]
    grown = (each["growth_mb"] for act in acts for each in act["memory"].values())
    came = figures["flood"]["events"] and figures["site frozen"]["events"]
    is_kept = not any(act["events_lost"] for act in acts)
    return bool(came) and is_kept and max(grown) <= MOST_GROWTH_MB


async def _flood(_town: Town, stream: Stream, flood: Flood) -> Counter[str]:
    return await flooded(stream, flood.stanzas)


async def _publish(town: Town, stream: Stream, flood: Flood) -> Counter[str]:
    return await published(town, stream, flood.stanzas)


async def _site(town: Town, _stream: Stream, flood: Flood) -> Counter[str]:
    """Let the site stand still while events come for it."""
    with _stopped(town, _SITE):
        await asyncio.sleep(flood.frozen_s)
    return Counter()


async def _vtn(town: Town, stream: Stream, flood: Flood) -> Counter[str]:
    """Let the VTN stand still while reports come, a tenth of the flood; it can take no event."""
    sending = asyncio.create_task(flooded(stream, flood.stanzas // 10), name="reports")
    with _stopped(town, VTN):
        await asyncio.sleep(flood.frozen_s)
    return await sending


@contextmanager
def _stopped(town: Town, name: str) -> Iterator[None]:
    town.running[name].send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        town.running[name].send_signal(signal.SIGCONT)


@asynccontextmanager
async def _town(options: Options, folder: Path) -> AsyncIterator[tuple[Town, Operator, Stream]]:
    """Start server, VTN, site, operator and the member by hand inside the block."""
    names = (VTN, _SITE, _FLOODER, "operator")
    domains = [DomainSpec(DOMAIN, VTN)]
    place = await Place.start(options.kind, folder, names, domains, is_gateway=True)
    try:
        async with AsyncExitStack() as stack:
            relay = await stack.enter_async_context(Relay(place.server.endpoint.port).serving())
            town = Town(place, relay, options)
            await town.start(VTN)
            await town.start(_SITE)
            town.operator = Operator(town.operator_config())
            operator = await stack.enter_async_context(town.operator)
            await town.all_here()
            yield town, operator, await hand_ven(place, DOMAIN)
    finally:
        await place.close()


def _show(name: str, act: dict[str, Any]) -> None:
    grown = ", ".join(f"{who} {each['growth_mb']:+.1f} MB" for who, each in act["memory"].items())
    reports = ", ".join(f"{count} {fate}" for fate, count in act["reports"].items()) or "none"
    refused = sum(act["events_refused"].values())
    sys.stdout.write(
        f"{name}: reports: {reports}; events: {act['events']} accepted, {refused} not, "
        f"{act['events_lost']} lost; quiet after {act['quiet_s']} s; memory: {grown}\n"
    )
    sys.stdout.flush()
