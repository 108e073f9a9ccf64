"""From effect to port call, after the commit."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, assert_never

import structlog
from pydantic import TypeAdapter

from xmpp_cem.core.effects import (
    Actuate,
    Admit,
    AskDecision,
    CatchUp,
    Effect,
    Fetch,
    Forget,
    Ignore,
    Note,
    Ping,
    ProbeService,
    Publish,
    Query,
    ReadDevices,
    Remember,
    Respond,
    Retract,
    RevokeAccount,
    SetTimer,
    ShowPresence,
    Transact,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    AccountRevoked,
    CaughtUp,
    Decided,
    Heard,
    Input,
    Link,
    Measured,
    NodesVerified,
    ServiceProbed,
)
from xmpp_cem.errors import TransportError
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import SHOW, Offer
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.node import Affiliation
from xmpp_cem.model.quantity import Power
from xmpp_cem.model.time import Instant
from xmpp_cem.runtime.intake import Intake
from xmpp_cem.runtime.ports import Application, Clock, Transport
from xmpp_cem.runtime.queries import ask
from xmpp_cem.runtime.supervision import Group
from xmpp_cem.runtime.timers import Timers

_LONGEST_S = 30.0

_POWER: TypeAdapter[int] = TypeAdapter(Power)
_UNTIL: TypeAdapter[Instant | None] = TypeAdapter(Instant | None)
_SAMPLES: TypeAdapter[tuple[Sample, ...]] = TypeAdapter(tuple[Sample, ...])

log = structlog.get_logger()


class Performer:
    """Performs effects in order; what takes long runs beside and comes back as an input."""

    def __init__(
        self,
        transports: dict[Link, Transport],
        intakes: dict[Link, Intake],
        application: Application | None,
        clock: Clock,
        timers: Timers,
        put: Callable[[Input], None],
    ) -> None:
        self._transports = transports
        self._intakes = intakes
        self._application = application
        self._clock = clock
        self._timers = timers
        self._put = put
        self._running: dict[str, asyncio.Task[None]] = {}
        self.admitted: dict[Link, frozenset[str]] = {}
        self.trusted: dict[Link, set[str]] = defaultdict(set)

    def perform(  # noqa: C901, PLR0912 one case per effect
        self, effect: Effect, group: Group
    ) -> None:
        """Perform one effect; those that are kept first have been kept."""
        match effect:
            case Remember() | Forget() | Publish() | Retract() | Transact():
                return
            case Respond(link=link, token=token, message=message):
                self._intakes[link].answer(token, message)
            case Ignore(link=link, token=token):
                self._intakes[link].ignore(token)
            case ShowPresence():
                self._show(effect)
            case Admit(link=link, accounts=accounts):
                self.admitted[link] = accounts
                self._transports[link].review_watchers()
            case SetTimer(key=key, at=at):
                self._timers.set(key, at)
            case Note(level=level, what=what, fields=fields):
                getattr(log, level)(what, **dict(fields))
            case WatchPresence() | CatchUp() | Fetch() | ProbeService() | Query():
                self._on_link(effect, group)
            case VerifyNodes() | RevokeAccount():
                self._on_nodes(effect, group)
            case Ping(link=link, to=to):
                self._start(f"{link.value} ping {to}", self._ping(effect), group)
            case AskDecision() | Actuate() | ReadDevices():
                self._on_site(effect, group)
            case _:
                assert_never(effect)

    def dropped(self, link: Link) -> None:
        """Stop what was going on over a connection that is gone."""
        for name, task in list(self._running.items()):
            if name.startswith(f"{link.value} "):
                del self._running[name]
                task.cancel()

    def is_admitted(self, link: Link, account: str) -> bool:
        """Whether an account may see our presence and ask us."""
        return account in self.admitted.get(link, frozenset())

    def _show(self, effect: ShowPresence) -> None:
        value = effect.value
        show = SHOW.get(value.availability, "") if isinstance(value, Offer) else ""
        status = value.status if isinstance(value, Offer) else "VTN, active"
        status = ", ".join(part for part in (status, effect.note) if part)
        extension = self._intakes[effect.link].speech.write_presence(value)
        self._transports[effect.link].show_presence(show, status, (extension,))

    def _on_link(
        self, effect: WatchPresence | CatchUp | Fetch | ProbeService | Query, group: Group
    ) -> None:
        transport = self._transports[effect.link]
        link = effect.link.value
        match effect:
            case WatchPresence(account=account):
                name = f"{link} watch {account}"
                self._start(name, self._retry(lambda: transport.watch_presence(account)), group)
            case CatchUp(node=node, service=service):
                self.trusted[effect.link].add(service.bare)
                first = self._intakes[effect.link].first
                work = self._retry(lambda: first(node, self._catch_up(effect)))
                self._start(f"{link} catch up {node}", work, group)
            case Fetch(node=node, item_ids=ids):
                name = f"{link} fetch {node} {' '.join(ids)}"
                self._start(name, self._retry(lambda: self._fetch(effect)), group)
            case ProbeService():
                self._start(f"{link} probe", self._retry(lambda: self._probe(effect)), group)
            case Query(message=message):
                name = f"{link} ask {message.header.message_id}"
                self._start(name, self._query(transport, effect), group)

    def _on_nodes(self, effect: VerifyNodes | RevokeAccount, group: Group) -> None:
        link = effect.link.value
        match effect:
            case VerifyNodes(token=token):
                name = f"{link} verify {token}"
                self._start(name, self._retry(lambda: self._verify(effect)), group)
            case RevokeAccount(account=account):
                name = f"{link} revoke {account}"
                self._start(name, self._retry(lambda: self._revoke(effect)), group)

    def _on_site(self, effect: AskDecision | Actuate | ReadDevices, group: Group) -> None:
        if self._application is None:
            return
        match effect:
            case AskDecision(event=event):
                name = f"decide {event.id} {event.order.modification}"
                self._start(name, self._decide(self._application, effect), group)
            case Actuate(set_points=set_points):
                self._start("apply", _apply(self._application, set_points), group)
            case ReadDevices():
                self._start("read", self._read(self._application), group)

    def _start(self, name: str, work: Coroutine[Any, Any, None], group: Group) -> None:
        """Run a piece of work once at a time: while it runs, the same is not started again."""
        if name in self._running:
            work.close()
            return
        task = group.create_task(work, name=name)
        self._running[name] = task
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        if self._running.get(name) is task:
            del self._running[name]

    async def _retry(self, attempt: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Try until it works; losing the connection cancels it."""
        failures = 0
        while True:
            try:
                return await attempt()
            except TransportError as error:
                failures += 1
                log.warning("will try again", why=str(error), failures=failures)
                longest = min(0.5 * 2 ** min(failures, 10), _LONGEST_S)
                pause = timedelta(seconds=random.uniform(0.1, longest))  # noqa: S311 no secret
                await self._clock.sleep_until(self._clock.now() + pause)

    async def _catch_up(self, effect: CatchUp) -> None:
        """Subscribe first, then fetch, so that nothing falls between."""
        transport = self._transports[effect.link]
        await transport.subscribe(effect.service, effect.node)
        items = await transport.fetch(effect.service, effect.node)
        intake = self._intakes[effect.link]
        received = [intake.item(effect.service, effect.node, item) for item in items]
        self._put(CaughtUp(effect.link, effect.node, tuple(r for r in received if r)))

    async def _fetch(self, effect: Fetch) -> None:
        transport = self._transports[effect.link]
        items = await transport.fetch(effect.service, effect.node, effect.item_ids)
        for item in items:
            received = self._intakes[effect.link].item(effect.service, effect.node, item)
            if received:
                self._put(received)

    async def _probe(self, effect: ProbeService) -> None:
        has = await self._transports[effect.link].offers_write_only(effect.service)
        self._put(ServiceProbed(effect.link, has))

    async def _verify(self, effect: VerifyNodes) -> None:
        transport = self._transports[effect.link]
        states = [
            await transport.ensure_node(effect.service, spec, repair=effect.repair)
            for spec in effect.nodes
        ]
        self._put(NodesVerified(effect.link, tuple(states), effect.token))

    async def _revoke(self, effect: RevokeAccount) -> None:
        for node in effect.nodes:
            gone = {effect.account: Affiliation.NONE}
            await self._transports[effect.link].affiliate(effect.service, node, gone)
        self._put(AccountRevoked(effect.link, effect.account))

    async def _query(self, transport: Transport, effect: Query) -> None:
        self._put(await ask(transport, effect, self._intakes[effect.link].speech))

    async def _ping(self, effect: Ping) -> None:
        transport, seconds = self._transports[effect.link], effect.timeout.total_seconds()
        try:
            is_there = await transport.ping(effect.to, seconds)
        except TransportError as error:
            log.debug("no ping", to=str(effect.to), why=str(error))
            return
        if is_there:
            self._put(Heard(effect.link, effect.to))

    async def _decide(self, application: Application, effect: AskDecision) -> None:
        """Ask the site's program; one that fails opts out, visibly, and harms nothing else."""
        event = effect.event
        outcome = await asyncio.gather(_decision(application, effect), return_exceptions=True)
        decided = outcome[0]
        if isinstance(decided, BaseException):
            log.error("the site's program failed to decide", event_id=event.id, why=repr(decided))
            decided = Decided(event.id, event.order, Opt.OUT, 0, "the site's program failed")
        self._put(decided)

    async def _read(self, application: Application) -> None:
        outcome = await asyncio.gather(_samples(application), return_exceptions=True)
        samples = outcome[0]
        if isinstance(samples, BaseException):
            log.error("the site's program failed to read", why=repr(samples))
            return
        self._put(Measured(samples))


async def _decision(application: Application, effect: AskDecision) -> Decided:
    """Return what the program decides, in whole W; whatever else it returns raises here."""
    event = effect.event
    decision = await application.decide(event, effect.power_w)
    power_w = _POWER.validate_python(round(decision.power_w))
    until = _UNTIL.validate_python(decision.until)
    return Decided(event.id, event.order, Opt(decision.opt), power_w, str(decision.reason), until)


async def _samples(application: Application) -> tuple[Sample, ...]:
    """Return what the program reads; whatever is no sample raises here."""
    return _SAMPLES.validate_python(await application.read())


async def _apply(application: Application, set_points: tuple[SetPoint, ...]) -> None:
    try:
        await application.apply(set_points)
    except Exception as error:
        log.exception("the site's program failed to apply set points", why=repr(error))
