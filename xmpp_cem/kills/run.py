"""Kills gateways at every boundary of a saga, many hierarchies at once on one server."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xmpp_cem.errors import TransportError
from xmpp_cem.kills.acts import ACTS, Act
from xmpp_cem.kills.doom import Boundary
from xmpp_cem.kills.gateway import swift_world
from xmpp_cem.kills.names import Names
from xmpp_cem.kills.tree import NotBegunError, Tree
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import ServerCarrier
from xmpp_cem.testing.endings import differences
from xmpp_cem.testing.operating import OPERATOR
from xmpp_cem.testing.server import Account, Kind, PrivateServer

_HOST = "xmpp.localhost"
_SETTLE_S, _LOOK_S = 15.0, 0.5
_TRIES = 4
_TELL_S = 20.0


@dataclass
class Figures:
    """What came of one act.

    Args:
        boundaries: how many the undisturbed plays passed.
        killed: at how many of them a gateway was killed.
        not_reached: those that no play passed again, in four tries.
        failures: boundary to what was not as without a kill; an empty name without one.
        seconds: how long it took.
    """

    boundaries: int = 0
    killed: int = 0
    not_reached: list[str] = field(default_factory=list)
    failures: dict[str, list[str]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether every play ended alike."""
        return not self.failures and self.killed > 0

    def progress(self, left: int, seconds: float) -> str:
        """Return how far it is, with `left` boundaries to come after so many seconds."""
        done = self.boundaries - left
        wait = f", {seconds / done * left:.0f} s left" if done else ""
        return f"{done} of {self.boundaries} boundaries, {len(self.failures)} not alike{wait}"


@dataclass
class Played:
    """One play: what was passed, whether it was killed there, and how it ended."""

    trail: list[Boundary]
    was_killed: bool
    ending: dict[str, Any]
    troubles: list[str]


@dataclass
class Run:
    """One run on one server.

    Args:
        kind: which server.
        folder: where everything is kept.
        trees: how many hierarchies at once.
        pace: by how much longer events last than they need to, for a machine that is busy.
        only: the beginning of the names of those boundaries at which is killed.
        every: of those, one in so many.
    """

    kind: Kind
    folder: Path
    trees: int
    pace: float = 1.0
    only: str = ""
    every: int = 1
    figures: dict[str, Figures] = field(default_factory=dict)

    async def play(self, acts: Iterable[str]) -> None:
        """Play acts; raises ServerError, and AssertionError when a hierarchy does not come up."""
        async with self._forest() as trees:
            for name in acts:
                began = time.monotonic()
                figures = self.figures[name] = Figures()
                await self._act(ACTS[name], trees, figures)
                figures.seconds = round(time.monotonic() - began, 1)

    @asynccontextmanager
    async def _forest(self) -> AsyncIterator[list[Tree]]:
        """Start server and hierarchies inside the block."""
        names = [Names(number) for number in range(1, self.trees + 1)]
        accounts = [account for each in names for account in each.accounts(_HOST)]
        accounts.append(Account(f"{OPERATOR}@{_HOST}", f"pw-{OPERATOR}", gateway=True))
        domains = [domain for each in names for domain in each.domains]
        server = await PrivateServer.start(self.kind, self.folder / "server", accounts, domains)
        stores: dict[str, MemoryStore] = {}
        carrier = ServerCarrier(server.endpoint)
        world = swift_world(carrier, lambda party: stores.setdefault(party, MemoryStore()))
        trees = [
            Tree(each.number, world, server.endpoint, self.folder, self.pace) for each in names
        ]
        minding = []
        try:
            await asyncio.gather(*(tree.start() for tree in trees))
            minding = [
                asyncio.create_task(tree.warden.mind(), name=f"warden {tree.names.number}")
                for tree in trees
            ]
            await asyncio.gather(*(tree.until_ready() for tree in trees))
            yield trees
        finally:
            for task in minding:
                task.cancel()
            await asyncio.gather(*minding, return_exceptions=True)
            await asyncio.gather(*(tree.stop() for tree in trees))
            await world.stop()
            await server.stop()

    async def _act(self, act: Act, trees: list[Tree], figures: Figures) -> None:
        calm = await asyncio.gather(*(_play(tree, act, None, None) for tree in trees))
        wanted = calm[0].ending
        for tree, played in zip(trees, calm, strict=True):
            wrong = [*played.troubles, *differences(wanted, played.ending)]
            self._judge(figures, f"none, tree {tree.names.number}", wrong)
        if figures.failures:
            return
        chosen = enumerate(at for at in _all(calm) if at.name.startswith(self.only))
        left = deque((at, 1) for number, at in chosen if number % self.every == 0)
        figures.boundaries = len(left)
        telling = asyncio.create_task(self._tell_progress(figures, left), name="progress")
        try:
            await asyncio.gather(*(self._work(tree, act, wanted, left, figures) for tree in trees))
        finally:
            telling.cancel()

    async def _tell_progress(self, figures: Figures, left: deque[tuple[Boundary, int]]) -> None:
        began = time.monotonic()
        while True:
            await asyncio.sleep(_TELL_S)
            progress = figures.progress(len(left), time.monotonic() - began)
            sys.stderr.write(f"{self.kind}: {progress}\n")

    async def _work(
        self,
        tree: Tree,
        act: Act,
        wanted: dict[str, Any],
        left: deque[tuple[Boundary, int]],
        figures: Figures,
    ) -> None:
        """Let one hierarchy play until there is nothing left.

        A play in which the operator loses its own connection, or that does not begin, shows nothing
        and is played again.
        """
        while left:
            at, attempt = left.popleft()
            try:
                played = await _play(tree, act, at, wanted)
            except TransportError as error:
                sys.stderr.write(f"{self.kind}, to be killed at {at}: played again, {error}\n")
                left.append((at, attempt))
                await tree.recover()
                continue
            except NotBegunError:
                await tree.recover()
                self._again(at, attempt, left, figures)
                continue
            wrong = [*played.troubles, *differences(wanted, played.ending)]
            self._judge(figures, str(at), wrong)
            if played.was_killed:
                figures.killed += 1
            else:
                self._again(at, attempt, left, figures)

    def _again(
        self, at: Boundary, attempt: int, left: deque[tuple[Boundary, int]], figures: Figures
    ) -> None:
        """Let a boundary be tried again that was not passed, so often."""
        if attempt < _TRIES:
            left.append((at, attempt + 1))
        else:
            figures.not_reached.append(str(at))

    def _judge(self, figures: Figures, where: str, wrong: list[str]) -> None:
        if wrong:
            figures.failures.setdefault(where, []).extend(wrong)
            for text in wrong:
                sys.stderr.write(f"{self.kind}, killed at {where}: {text}\n")


async def _play(tree: Tree, act: Act, at: Boundary | None, wanted: dict[str, Any] | None) -> Played:
    """Play an act with a kill at a boundary, and wait for the ending that is wanted."""
    mark = await tree.mark()
    troubles = []
    await tree.warden.arm(at)
    lives = tree.warden.lives
    try:
        await act(tree, mark.event)
    except AssertionError as error:
        troubles.append(f"it did not go on: {error}")
        await tree.cancel(mark.event)
    trail = await tree.warden.disarm()
    was_killed = tree.warden.lives > lives
    tree.calm()
    try:
        await tree.until_ready()
    except AssertionError as error:
        troubles.append(f"not all came back: {error}")
    ending = await _settled(tree, mark, wanted)
    troubles += [f"the gateway died of itself: {code}" for code in tree.warden.deaths]
    tree.warden.deaths.clear()
    return Played(trail, was_killed, ending, troubles)


async def _settled(tree: Tree, mark: Any, wanted: dict[str, Any] | None) -> dict[str, Any]:
    """Return how it ended, once it is as wanted, or else when it will not be any more."""
    until = time.monotonic() + _SETTLE_S
    ending = await tree.ending(mark)
    while wanted is not None and ending != wanted and time.monotonic() < until:
        await asyncio.sleep(_LOOK_S)
        ending = await tree.ending(mark)
    await asyncio.sleep(_LOOK_S if wanted is not None else 2 * _LOOK_S)
    return await tree.ending(mark)


def _all(calm: list[Played]) -> list[Boundary]:
    """Return every boundary that the longest of the undisturbed plays has passed, in order."""
    return max((played.trail for played in calm), key=len)
