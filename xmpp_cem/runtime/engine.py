"""The whole loop of an agent: inputs, the pure core, one commit, effects in order."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from xmpp_cem.core.concerns import Concern
from xmpp_cem.core.effects import Effect, Publish, Transact
from xmpp_cem.core.inputs import (
    Input,
    Link,
    LinkChanged,
    NodesVerified,
    PresenceChanged,
    RequestArrived,
    Started,
    TimerFired,
)
from xmpp_cem.errors import ClockError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.keeping import Batch, Outgoing, Retention
from xmpp_cem.runtime import journal
from xmpp_cem.runtime.durable import is_kept, keep
from xmpp_cem.runtime.health import Health, Vitals, shed_of
from xmpp_cem.runtime.intake import Intake
from xmpp_cem.runtime.keeper import Keeper
from xmpp_cem.runtime.outbox import Outbox, Outcome
from xmpp_cem.runtime.perform import Performer
from xmpp_cem.runtime.ports import Application, Clock, Role, Store, Transport
from xmpp_cem.runtime.queueing import NO_ROOM, TOO_MUCH, Entry, InputQueue
from xmpp_cem.runtime.settling import settled
from xmpp_cem.runtime.shedding import starts_work
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.runtime.supervision import Group, Tasks
from xmpp_cem.runtime.timers import Timers

_MOST_AT_ONCE = 256
_DRAIN_LOOK_S = 0.02
_OVERDUE_EVERY = timedelta(seconds=5)
_MOST_BACK = timedelta(seconds=30)

log = structlog.get_logger()


@dataclass(frozen=True)
class Surroundings:
    """What is known of the domains of an agent.

    Args:
        services: the pubsub service of a connection, once known.
        admitted: bare addresses that may see our presence and ask us from the first moment on.
        open_nodes: nodes that anyone may read.
        renamed: by what names the connections may stand in a store of before.
        speech: which profile is spoken with whom.
        retention: how much is kept of what has passed.
    """

    services: Callable[[Link], Jid | None]
    admitted: Mapping[Link, frozenset[str]]
    open_nodes: frozenset[str] = frozenset()
    renamed: Mapping[Link, Link] = field(default_factory=dict)
    speech: Speech = field(default_factory=Speech)
    retention: Retention = field(default_factory=Retention)


class Engine:
    """Runs one role; several inputs that wait are handled together and committed once.

    Args:
        role: the state machine.
        store: keeps its records, outbox, inbox and journal.
        clock: what time it is.
        application: the site's program, for a role that controls devices.
        surroundings: what is known of the domains it takes part in.
    """

    def __init__(
        self,
        role: Role,
        store: Store,
        clock: Clock,
        *,
        application: Application | None = None,
        surroundings: Surroundings,
    ) -> None:
        self._role = role
        self.store = store
        self.keeper = Keeper(store, clock, surroundings.retention)
        self.write_down, self.write_record = journal.write, journal.write_record
        self._clock = clock
        self._speech = surroundings.speech
        self._renamed = surroundings.renamed
        self._inputs = InputQueue()
        self._arrived = asyncio.Event()
        self._last = clock.now()
        self._vitals = Vitals(clock)
        self._transports: dict[Link, Transport] = {}
        self._intakes: dict[Link, Intake] = {}
        self._timers = Timers(clock, lambda key: self.put(TimerFired(key)))
        self._performer = Performer(
            self._transports, self._intakes, application, clock, self._timers, self.put
        )
        self._performer.admitted.update(surroundings.admitted)
        self._outbox = Outbox(
            self._transports,
            surroundings.services,
            clock,
            self._settled,
            surroundings.open_nodes,
            surroundings.retention.outbox,
        )

    def intake(self, link: Link) -> Intake:
        """Return the way in of a connection; `attach` completes it."""
        return self._intakes.setdefault(
            link,
            Intake(
                link, self.put, lambda jid: self.admits(link, jid), self._clock.now, self._speech
            ),
        )

    def attach(self, link: Link, transport: Transport) -> None:
        """Use a connection."""
        self._transports[link] = transport
        self._vitals.watch(link)
        self.intake(link).transport = transport

    def admits(self, link: Link, account: Jid) -> bool:
        """Whether an account may see our presence and ask us."""
        return self._performer.is_admitted(link, account.bare)

    def trusted(self, link: Link) -> set[str]:
        """Return the pubsub services we subscribe at, bare addresses; the set stays current."""
        return self._performer.trusted[link]

    def health(self) -> Health:
        """Return how we are."""
        outbox, concerns = self._outbox, self._role.concerns(self._last)
        if not outbox.has_room():
            concerns += (Concern("too much waits to be sent, new events are refused"),)
        refused = sum(intake.refused for intake in self._intakes.values())
        shed = shed_of(self._inputs.shed, refused, outbox.shed)
        return self._vitals.health(concerns, outbox.size, outbox.oldest, shed)

    async def drain(self, seconds: float) -> None:
        """Wait until everything is sent that must be, but not for long nor without a connection."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._inputs or self._outbox.size:
                    if not any(transport.is_up for transport in self._transports.values()):
                        return
                    await asyncio.sleep(_DRAIN_LOOK_S)

    def put(self, what: Input) -> None:
        """Queue an input."""
        self._put(what, "")

    async def run(self) -> None:
        """Restore, then work until cancelled; raises what a part of it died from."""
        await self.store.open()
        try:
            kept = await self.store.load()
            for row in kept.records:
                self._role.restore(journal.read_record(row))
            self.put(Started())
            async with asyncio.TaskGroup() as group:
                tasks = Tasks(group)
                for entry in kept.outbox:
                    self._send_again(entry, tasks)
                for name, work in self._parts(tasks).items():
                    tasks.create_endless(work, name)
        except asyncio.CancelledError:
            await self.keeper.flush()
            raise
        finally:
            await self.store.close()

    def _send_again(self, entry: Outgoing, tasks: Tasks) -> None:
        """Send what a store from before a restart holds, also when connections are named anew."""
        link = self._renamed.get(Link(entry.link), Link(entry.link))
        if link in self._transports:
            self._outbox.add(replace(entry, link=link.value), tasks)
            return
        log.warning("not sent, its domain is left", link=entry.link, to=entry.destination)
        self._put(None, entry.id)

    def _parts(self, tasks: Tasks) -> dict[str, Coroutine[Any, Any, None]]:
        """Return what runs for as long as we run."""
        parts = {
            "work": self._work(tasks),
            "timers": self._timers.run(),
            "prune": self.keeper.prune_regularly(),
            "overdue requests": self._fail_overdue(),
        }
        connections = {f"connection {k.value}": t.run() for k, t in self._transports.items()}
        return parts | connections

    async def _work(self, group: Group) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._inputs:
                await self._step(self._inputs.take(_MOST_AT_ONCE), group)

    async def _step(self, inputs: list[Entry], group: Group) -> None:
        batch = Batch()
        effects: list[Effect] = []
        asked: dict[str, RequestArrived] = {}
        leaving = 0
        for what, sent in inputs:
            if sent:
                batch.sent.append(sent)
            if isinstance(what, RequestArrived):
                if await self._is_repeat(what, asked) or self._is_too_much(what, leaving):
                    continue
                asked[what.token] = what
            elif what is None:
                continue
            now = self._present()
            batch.journal.append(self.write_down(what, now))
            led_to = self._role.handle(what, now)
            effects += led_to
            leaving += sum(isinstance(effect, Publish | Transact) for effect in led_to)
            self._noticed(what)
        keep(effects, asked, self._last, batch, self._speech, self.write_record)
        with self._vitals.committing():
            await self.keeper.commit(batch)
        for entry in batch.send:
            self._outbox.add(entry, group)
        for effect in effects:
            self._performer.perform(effect, group)

    def _present(self) -> datetime:
        """Return the present; it stands still for a clock a little behind, else we start anew."""
        now = self._clock.now()
        if self._last - now > _MOST_BACK:
            raise ClockError(f"the clock was set back by {self._last - now}")
        self._last = max(now, self._last)
        return self._last

    async def _is_repeat(self, what: RequestArrived, asked: dict[str, RequestArrived]) -> bool:
        """Give a repeated transaction the answer that it was given before."""
        if not is_kept(what):
            return False
        message_id = what.message.header.message_id
        reply = await self.keeper.reply_to(what.sender.bare, message_id)
        if reply is not None:
            self._intakes[what.link].respond(what.token, reply)
            return True
        same = (what.sender.bare, message_id)
        if all((a.sender.bare, a.message.header.message_id) != same for a in asked.values()):
            return False
        self.put(what)  # once the first is answered: its sender waits for this one's answer alone
        return True

    def _is_too_much(self, what: RequestArrived, leaving: int) -> bool:
        """Refuse for now what would send more than may wait; its sender repeats it."""
        if self._outbox.has_room(leaving) or not starts_work(what.message):
            return False
        self._intakes[what.link].overload(what.token, what.sender, NO_ROOM)
        return True

    def _noticed(self, what: Input) -> None:
        """Take note of what concerns the engine itself."""
        if isinstance(what, LinkChanged):
            self._vitals.changed(what.link, is_up=what.is_up)
            if what.is_up:
                self._outbox.wake()
                return
            self._performer.dropped(what.link)
            if what.link.is_lower:
                self._outbox.hold(what.link)
        elif isinstance(what, NodesVerified):
            self._outbox.release(what.link)
        elif isinstance(what, PresenceChanged):
            self._outbox.see(what)

    def _settled(self, outcome: Outcome) -> None:
        """Tell the core how a sending ended; the entry leaves with that input's commit."""
        self._put(settled(outcome, self._speech), outcome.entry.id)

    async def _fail_overdue(self) -> None:
        while True:
            await self._clock.sleep_until(self._clock.now() + _OVERDUE_EVERY)
            for intake in self._intakes.values():
                intake.fail_overdue()

    def _put(self, what: Input | None, sent: str) -> None:
        self._arrived.set()
        if self._inputs.add(what, sent):
            return
        self._vitals.shed()
        if isinstance(what, RequestArrived):
            self._intakes[what.link].fail(what.token, TOO_MUCH, is_temporary=True)
