"""What happens in the demonstration, from the first presence to the last reading."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from xmpp_cem.agents.operator import Operator, fresh_id
from xmpp_cem.agents.settings import clock_of
from xmpp_cem.agents.watching import Sight
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.demo.board import Board
from xmpp_cem.demo.files import Files
from xmpp_cem.demo.fleet import DemoError, Fleet
from xmpp_cem.demo.gathering import Gathering, target_of
from xmpp_cem.demo.plan import (
    ANSWER_S,
    DURATION_S,
    FAILSAFE_W,
    GRID,
    LEAD_S,
    REPORT_S,
    Plan,
)
from xmpp_cem.demo.tally import Tally
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.operations import DomainMembers, DomainNodes
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event, Order
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval

_READY_WITHIN_S = 60.0
_READINGS_WITHIN_S = 20.0
_FAILSAFE_WITHIN_S = 60.0
_WINDOWS_BEFORE = 4
_LOOK_S = 0.1
_T = TypeVar("_T")


@dataclass
class Outcome:
    """What the story led to; seconds are real ones."""

    target_w: int = 0
    active: Interval | None = None
    override_seen_s: float | None = None
    kill_seen_s: float | None = None
    failsafe_w: int | None = None
    failsafe_seen_s: float | None = None
    failsafe_left_s: float | None = None
    waiting: dict[str, tuple[float, Availability]] = field(default_factory=dict)
    seen_s: dict[str, float] = field(default_factory=dict)


class Story:
    """Drives the demonstration as an operator, and sees what an operator sees.

    Args:
        plan, files, fleet: who takes part, where their files are, their processes.
        config: the operator's configuration.
        board: the screen's contents.
    """

    def __init__(
        self, plan: Plan, files: Files, fleet: Fleet, config: OperatorConfig, board: Board
    ) -> None:
        self._plan = plan
        self._files = files
        self._fleet = fleet
        self._config = config
        self._clock = clock_of(config.clock)
        self.board = board
        self.tally = Tally()
        self.outcome = Outcome()
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    async def play(self) -> None:
        """Play from beginning to end; raises DemoError when it cannot go on."""
        async with Operator(self._config) as operator, asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(operator), name="watch")
            await self._within("the VTNs do not all answer", self._verify(operator))
            offered_w = await self._within("not all are here", self._gather(operator))
            await self._within("not all meters are read", self._metered())
            await self._dispatch(operator, offered_w)
            await self._disturb()
            await self._finish()
            await self._fall_back()
            watching.cancel()

    async def _within(self, otherwise: str, step: Awaitable[_T]) -> _T:
        """Await a step of the beginning; raises DemoError, and who is missing, when it hangs."""
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                return await step
        except TimeoutError as error:
            absent = [p for p in self._plan.agents[1:] if not self.tally.windows_of(p)]
            logs = "".join(f"\n{party}:\n{self._fleet.tail(party)}" for party in absent)
            text = f"{otherwise} after {_READY_WITHIN_S:.0f} s{logs}"
            raise DemoError(text) from error

    async def _watch(self, operator: Operator) -> None:
        async with aclosing(operator.watch()) as sights:
            async for sight in sights:
                self.tally.take(sight)
                line = self.board.take(sight)
                line += self._noticed(sight)
                if line:
                    self._tell(line)

    def _noticed(self, sight: Sight) -> str:
        """Measure how long a disturbance took to show in presence; returns it for people."""
        party = sight.source.partition("@")[0]
        if sight.kind != "presence" or party not in self.outcome.waiting:
            return ""
        since, wanted = self.outcome.waiting[party]
        offer = self.board.offers.get(party)
        state = offer.availability if offer else Availability.UNREACHABLE
        if state is not wanted:
            return ""
        del self.outcome.waiting[party]
        self.outcome.seen_s[party] = time.monotonic() - since
        return f", seen {self.outcome.seen_s[party]:.2f} s later"

    async def _verify(self, operator: Operator) -> None:
        """Provision: the VTNs have created their nodes; have them verified."""
        for domain in self._plan.domains:
            nodes = await self._nodes(operator, domain)
            drift = [text for node in nodes.nodes for text in node.drift]
            if drift:
                raise DemoError(f"the nodes of {domain} are not as they must be: {drift}")
            self._tell(f"{domain}: {len(nodes.nodes)} nodes as they must be")

    async def _nodes(self, operator: Operator, domain: str) -> DomainNodes:
        while True:
            reply = await _patient(operator, domain, Noun.NODES)
            if isinstance(reply, DomainNodes):
                return reply
            await asyncio.sleep(0.2)

    async def _gather(self, operator: Operator) -> int:
        """Wait until everybody is here; returns what they offer together, W."""
        here = Gathering(len(self._plan.agents) - 1)
        while True:
            for domain in self._plan.domains:
                body = await _patient(operator, domain, Noun.MEMBERS)
                if isinstance(body, DomainMembers):
                    here.take(body)
            if here.suffices(self._clock.now()):
                offered_kw = here.offered_w / 1000
                self._tell(f"{here.ready} members are here and offer {offered_kw:.1f} kW less")
                return here.offered_w
            await asyncio.sleep(0.3)

    async def _metered(self) -> None:
        """Wait until several readings of everybody were seen, to have something to compare with.

        That also shows that we are subscribed everywhere: from here on nothing may be missed.
        """
        self._tell("the meters are read for a while, to have something to compare with")
        self.tally.since = self._clock.now()
        while any(  # noqa: ASYNC110 the sights have no event of their own
            self.tally.windows_of(party) < _WINDOWS_BEFORE for party in self._plan.agents[1:]
        ):
            await asyncio.sleep(_LOOK_S)

    async def _dispatch(self, operator: Operator, offered_w: int) -> None:
        target_w = target_of(offered_w)
        now = self._clock.now()
        start = _aligned(now + timedelta(seconds=LEAD_S))
        active = Interval(start=start, end=start + timedelta(seconds=DURATION_S))
        event = Event(
            id=fresh_id(),
            order=Order(epoch=0, modification=0),
            active=active,
            signal=Delta(power_w=-target_w),
            created=now,
            answer_by=now + timedelta(seconds=ANSWER_S),
            reason="demonstration",
        )
        self._tell(f"dispatch: {target_w / 1000:.0f} kW less for {DURATION_S} s")
        reply = await operator.request(
            GRID, Verb.CREATE, Noun.CONTROLS, body=EndDeviceControls(events=(event,))
        )
        if reply.result is not Result.OK:
            raise DemoError(f"the grid's VTN does not take the event: {reply.errors}")
        self.outcome.target_w = -target_w
        self.outcome.active = active

    async def _disturb(self) -> None:
        """Let one owner override and kill one process during the event."""
        if self.outcome.active is None:
            return
        start = self.outcome.active.start
        await self._clock.sleep_until(start + timedelta(seconds=DURATION_S / 3))
        site = self._plan.overridden
        self._tell(f"the owner of {site.party} presses the override button")
        self._expect(site.party, Availability.OPTED_OUT)
        self._files.button(site).touch()
        await self._clock.sleep_until(start + timedelta(seconds=DURATION_S / 2))
        site = self._plan.killed
        self._tell(f"the process of {site.party} is killed")
        self._expect(site.party, Availability.UNREACHABLE)
        self._fleet.kill(site.party)

    def _expect(self, party: str, availability: Availability) -> None:
        self.outcome.waiting[party] = (time.monotonic(), availability)

    async def _finish(self) -> None:
        """Wait for the end and, not for ever, for the readings that are still on their way."""
        if self.outcome.active is None:
            return
        end = self.outcome.active.end
        await self._clock.sleep_until(end)
        living = [party for party in self._plan.agents[1:] if party != self._plan.killed.party]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READINGS_WITHIN_S):
                while not (  # noqa: ASYNC110 the sights have no event of their own
                    self.tally.is_completed
                    and all(self.tally.is_measured(party, end) for party in living)
                ):
                    await asyncio.sleep(_LOOK_S)
        self.outcome.override_seen_s = self.outcome.seen_s.get(self._plan.overridden.party)
        self.outcome.kill_seen_s = self.outcome.seen_s.get(self._plan.killed.party)

    async def _fall_back(self) -> None:
        """Stop an aggregator: a site holds its own limit, until fresh state lets it go again."""
        self.tally.is_closed = True
        site, aggregator = self._plan.guarded.party, self._plan.aggregators[1].party
        self._tell(f"the process of {aggregator} is killed; {site} has no VTN any more")
        self._fleet.kill(aggregator)
        self.outcome.failsafe_seen_s = await self._until(site, Availability.LIMITED)
        self.outcome.failsafe_w = self._power_w(site)
        self._tell(
            f"{site} holds its failsafe limit, {FAILSAFE_W / 1000:g} kW; {aggregator} starts"
        )
        self._fleet.start([aggregator])
        self.outcome.failsafe_left_s = await self._until(site, Availability.AVAILABLE)

    async def _until(self, party: str, wanted: Availability) -> float | None:
        """Wait until a party's presence shows this; return after how many seconds, None: never."""
        began, is_held = time.monotonic(), wanted is Availability.LIMITED
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAILSAFE_WITHIN_S):
                while not (  # noqa: ASYNC110 the sights have no event of their own
                    (offer := self.board.offers.get(party))
                    and offer.availability is wanted
                    and not (is_held and self._power_w(party) > FAILSAFE_W)
                ):
                    await asyncio.sleep(_LOOK_S)
                return time.monotonic() - began
        return None

    def _power_w(self, party: str) -> int:
        """Return the power that a party's presence tells, W."""
        offer = self.board.offers.get(party)
        return offer.capability.power_w if offer else 0

    def _tell(self, line: str) -> None:
        self.board.note(self._clock.now(), line)
        self._say(line)

    def _say(self, line: str) -> None:
        self.lines.put_nowait(f"{self._clock.now():%H:%M:%S} {line}")


async def _patient(operator: Operator, domain: str, noun: Noun) -> object:
    """Ask a VTN that may still be starting; None when it does not answer yet."""
    try:
        return (await operator.request(domain, Verb.GET, noun)).body
    except TransportError:
        return None


def _aligned(at: datetime) -> datetime:
    """Start with a reporting window, so that whole windows lie inside the event."""
    step = timedelta(seconds=REPORT_S)
    epoch = datetime.fromtimestamp(0, tz=at.tzinfo)
    return epoch + -(-(at - epoch) // step) * step
