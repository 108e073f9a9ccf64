"""Measures after how many seconds the parties notice that one of them no longer lives."""

import asyncio
import os
import shutil
import signal
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xmpp_cem.agents.operator import Operator
from xmpp_cem.bench.place import HOST, Place
from xmpp_cem.bench.stock import stock_templates
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.domains import WatchedConfig
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.errors import TransportError
from xmpp_cem.model.availability import Availability
from xmpp_cem.testing.relay import Relay
from xmpp_cem.testing.server import DomainSpec, Kind

DOMAIN, VTN = "grid", "vtn-grid"
_HEARTBEAT_S = 10
_LOOK_S = 0.2
_LONGEST_S = 120.0
_DEPLOY = Path(__file__).resolve().parents[2] / "deploy"

Times = dict[str, float]


@dataclass(frozen=True)
class Options:
    """What is measured.

    Args:
        kind: on which server.
        vens: how many sites.
        victims: how many of them each fault hits.
        stock: whether with Debian's stock settings instead of the shipped ones.
    """

    kind: Kind
    vens: int = 20
    victims: int = 5
    stock: bool = False


@dataclass
class Scene:
    """A VTN, its sites and an operator who looks on."""

    place: Place
    relay: Relay
    options: Options
    operator: Operator | None = None
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The sites; the first ones stand behind the relay."""
        return [f"site-{number}" for number in range(self.options.vens)]

    async def start(self, name: str) -> None:
        """Start a site or the VTN."""
        made = self._lower() if name == VTN else self._upper(name)
        self.running[name] = await self.place.agent(made, name)

    async def reachable(self) -> set[str]:
        """Return whom the VTN counts as there."""
        if self.operator is None:
            raise RuntimeError("there is no operator")
        members = (await self.operator.members(DOMAIN)).members
        return {m.party for m in members if m.availability is not Availability.UNREACHABLE}

    async def all_here(self) -> None:
        """Wait until the VTN reaches all sites and knows what they can do."""
        await self.seen(self.names, is_there=True)

    async def seen(self, names: Iterable[str], *, is_there: bool) -> Times:
        """Return after how many seconds the VTN counts each as there, or as not there."""
        began, waiting, found = time.monotonic(), set(names), {}
        while waiting and time.monotonic() - began < _LONGEST_S:
            try:
                here = await self.reachable()
            except TransportError:
                here = set() if is_there else set(waiting)
            for name in waiting & here if is_there else waiting - here:
                found[name] = time.monotonic() - began
            waiting -= found.keys()
            await asyncio.sleep(_LOOK_S)
        return found | dict.fromkeys(waiting, float("inf"))

    async def logged(self, names: Iterable[str], text: str, since: dict[str, int]) -> Times:
        """Return after how many seconds each has logged a text."""
        began, waiting, found = time.monotonic(), set(names), {}
        while waiting and time.monotonic() - began < _LONGEST_S:
            for name in list(waiting):
                if text in self._log(name)[since[name] :]:
                    found[name] = time.monotonic() - began
            waiting -= found.keys()
            await asyncio.sleep(_LOOK_S)
        return found | dict.fromkeys(waiting, float("inf"))

    def marks(self) -> dict[str, int]:
        """Return how much each has logged by now."""
        return {name: len(self._log(name)) for name in self.running}

    def _log(self, name: str) -> str:
        path = self.place.folder / f"{name}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _upper(self, name: str) -> dict[str, Any]:
        account = self.place.account(name)
        if self.names.index(name) < self.options.victims:
            account["port"] = self.relay.port
        battery = {
            "id": "b",
            "driver": "simulated",
            "kind": "battery",
            "rated_charge_w": 5000,
            "rated_discharge_w": 4000,
            "capacity_wh": 10_000,
        }
        return {
            "role": "ven",
            "party": name,
            "store": str(self.place.folder / f"{name}.sqlite"),
            "upper": {"domain": DOMAIN, "vtn": f"{VTN}@{HOST}", "account": account},
            "resources": [battery],
        }

    def _lower(self) -> dict[str, Any]:
        members = [{"party": name, "account": f"{name}@{HOST}"} for name in self.names]
        account = self.place.account(VTN) | {"watch_every": "PT0.1S"}
        return {
            "role": "vtn",
            "party": DOMAIN,
            "store": str(self.place.folder / "vtn.sqlite"),
            "lower": {
                "domain": DOMAIN,
                "pubsub": str(self.place.service(DOMAIN)),
                "account": account,
                "heartbeat": f"PT{_HEARTBEAT_S}S",
                "operators": [f"operator@{HOST}"],
                "members": members,
            },
        }

    def operator_config(self) -> OperatorConfig:
        """Return the operator's configuration."""
        watched = WatchedConfig(
            domain=DOMAIN, vtn=f"{VTN}@{HOST}", pubsub=str(self.place.service(DOMAIN))
        )
        return OperatorConfig(
            role="operator",
            party="operator",
            account=AccountConfig.model_validate(self.place.account("operator")),
            domains=(watched,),
        )


async def measure(options: Options, folder: Path) -> dict[str, Any]:
    """Return p50 and max of each detection in seconds; raises ServerError."""
    names = [VTN, "operator", *(f"site-{number}" for number in range(options.vens))]
    deploy = stock_templates(_DEPLOY, folder) if options.stock else _DEPLOY
    domains = [DomainSpec(DOMAIN, VTN)]
    place = await Place.start(options.kind, folder, names, domains, deploy)
    try:
        async with Relay(place.server.endpoint.port).serving() as relay:
            return await _measured(Scene(place, relay, options))
    finally:
        await place.close()
        shutil.rmtree(folder / "stock", ignore_errors=True)


async def _measured(scene: Scene) -> dict[str, Any]:
    for name in (VTN, *scene.names):
        await scene.start(name)
    figures: dict[str, Any] = {
        "server": scene.options.kind,
        "stock": scene.options.stock,
        "vens": scene.options.vens,
    }
    async with AsyncExitStack() as stack:
        scene.operator = await stack.enter_async_context(Operator(scene.operator_config()))
        await scene.all_here()
        for name, fault in _FAULTS.items():
            await asyncio.sleep(5)
            for what, times in (await fault(scene)).items():
                figures[f"{name}: {what}"] = _show(f"{name}: {what}", times)
    return figures


async def _killed(scene: Scene) -> dict[str, Times]:
    victims = scene.names[-scene.options.victims :]
    for name in victims:
        scene.running[name].kill()
    lost = await scene.seen(victims, is_there=False)
    for name in victims:
        await scene.start(name)
    return {"unreachable": lost, "back after a restart": await scene.seen(victims, is_there=True)}


async def _frozen(scene: Scene) -> dict[str, Times]:
    victims = scene.names[-scene.options.victims :]
    for name in victims:
        scene.running[name].send_signal(signal.SIGSTOP)
    lost = await scene.seen(victims, is_there=False)
    for name in victims:
        scene.running[name].send_signal(signal.SIGCONT)
    return {"unreachable": lost, "back": await scene.seen(victims, is_there=True)}


async def _cut(scene: Scene) -> dict[str, Times]:
    victims = scene.names[: scene.options.victims]
    since = scene.marks()
    scene.relay.cut()
    lost, noticed = await asyncio.gather(
        scene.seen(victims, is_there=False),
        scene.logged(victims, "connection lost", since),
    )
    scene.relay.drop()
    back = await scene.seen(victims, is_there=True)
    return {"unreachable": lost, "noticed by the VEN": noticed, "back": back}


async def _frozen_server(scene: Scene) -> dict[str, Times]:
    since, pid = scene.marks(), scene.place.server.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        noticed = await scene.logged(scene.running, "connection lost", since)
    finally:
        os.kill(pid, signal.SIGCONT)
    back = await scene.seen(scene.names, is_there=True)
    return {"noticed by all": noticed, "all back": back}


async def _frozen_vtn(scene: Scene) -> dict[str, Times]:
    since, vtn = scene.marks(), scene.running[VTN]
    vtn.send_signal(signal.SIGSTOP)
    noticed = await scene.logged(scene.names, "the VTN is silent", since)
    since = scene.marks()
    vtn.send_signal(signal.SIGCONT)
    heard = await scene.logged(scene.names, "the VTN is heard again", since)
    return {"silent": noticed, "heard again": heard}


async def _killed_vtn(scene: Scene) -> dict[str, Times]:
    since = scene.marks()
    scene.running[VTN].kill()
    return {"silent": await scene.logged(scene.names, "the VTN is silent", since)}


_FAULTS: dict[str, Callable[[Scene], Awaitable[dict[str, Times]]]] = {
    "VEN kill -9": _killed,
    "VEN SIGSTOP": _frozen,
    "VEN cut off": _cut,
    "server SIGSTOP": _frozen_server,
    "VTN SIGSTOP": _frozen_vtn,
    "VTN kill -9": _killed_vtn,
}


def _show(name: str, times: Times) -> dict[str, float]:
    """Print one line and return its figures."""
    values = sorted(times.values())
    figure = {"p50": round(statistics.median(values), 1), "max": round(values[-1], 1)}
    sys.stdout.write(f"{name:40}{figure['p50']:>8}{figure['max']:>8}\n")
    sys.stdout.flush()
    return figure
