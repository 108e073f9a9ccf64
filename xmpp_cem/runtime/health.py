"""How an agent is, and why: what `/healthz` and the log tell."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from xmpp_cem.core.concerns import Concern
from xmpp_cem.core.inputs import Link
from xmpp_cem.runtime.ports import Clock
from xmpp_cem.runtime.queueing import Rank

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=60)
"""A connection may be away, and an entry may wait, so long before it counts for more."""

_SLOW_COMMIT = timedelta(seconds=5)
_SHED_FOR = timedelta(seconds=60)
"""So long is told that something was shed."""


class Status(StrEnum):
    """`failing`: does not do its work; `degraded`: does it, but not all is as it should be."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True)
class Reason:
    """Why an agent is not well; `since` is UTC."""

    what: str
    since: datetime | None = None
    is_failing: bool = False


@dataclass(frozen=True)
class Shed:
    """How much was not taken in this run because there was too much of it.

    Args:
        telemetry, status, control: what came, by what it is; requests among it may come again.
        refused: requests that were told to come again before they were looked at.
        unsent: messages of ours that yielded to others.
    """

    telemetry: int = 0
    status: int = 0
    control: int = 0
    refused: int = 0
    unsent: int = 0


@dataclass(frozen=True)
class Health:
    """How an agent is.

    Args:
        reasons: none when all is well.
        outbox: how many messages wait to be taken.
        oldest_s: for how many seconds the oldest of them has waited in this run.
        shed: what was not taken, counted.
    """

    reasons: tuple[Reason, ...] = ()
    outbox: int = 0
    oldest_s: int = 0
    shed: Shed = Shed()

    @property
    def status(self) -> Status:
        """The worst of the reasons."""
        if any(reason.is_failing for reason in self.reasons):
            return Status.FAILING
        return Status.DEGRADED if self.reasons else Status.OK


class _Commits(AbstractContextManager[None]):
    """The time within which a commit is under way; one at a time."""

    def __init__(self, clock: Clock, note: Callable[[datetime | None], None]) -> None:
        self._clock = clock
        self._note = note

    def __enter__(self) -> None:
        self._note(self._clock.now())

    def __exit__(self, *_: object) -> None:
        self._note(None)


class Vitals:
    """What an engine notes of itself while it works."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._down: dict[Link, datetime] = {}
        self._committing: datetime | None = None
        self._commits = _Commits(clock, self._note)
        self._shedding: tuple[datetime, datetime] | None = None

    def watch(self, link: Link) -> None:
        """Count a connection, which is not there yet."""
        self._down[link] = self._began

    def changed(self, link: Link, *, is_up: bool) -> None:
        """Note that a connection is there anew, or gone."""
        if is_up:
            self._down.pop(link, None)
        else:
            self._down.setdefault(link, self._clock.now())

    def committing(self) -> AbstractContextManager[None]:
        """Note how long a commit takes."""
        return self._commits

    def _note(self, since: datetime | None) -> None:
        self._committing = since

    def shed(self) -> None:
        """Note that more arrives than can be handled."""
        now = self._clock.now()
        if self._shedding and self._is_shedding(now):
            self._shedding = self._shedding[0], now
            return
        self._shedding = now, now
        log.warning("more arrives than can be handled: telemetry is shed first, control last")

    def _is_shedding(self, now: datetime) -> bool:
        return self._shedding is not None and now - self._shedding[1] < _SHED_FOR

    def health(
        self,
        concerns: Iterable[Concern],
        outbox: int,
        oldest: datetime | None,
        shed: Shed = Shed(),
    ) -> Health:
        """Return how we are: what the role is concerned about, what waits and what was shed."""
        now = self._clock.now()
        reasons = [*self._reasons(now), *(Reason(c.what, c.since) for c in concerns)]
        if oldest and now - oldest >= _PATIENCE:
            reasons.append(Reason("a message waits to be sent", oldest))
        oldest_s = int((now - oldest).total_seconds()) if oldest else 0
        return Health(tuple(reasons), outbox, oldest_s, shed)

    def _reasons(self, now: datetime) -> Iterator[Reason]:
        for link, since in self._down.items():
            yield Reason(f"no {link.value} connection", since, now - since >= _PATIENCE)
        if self._shedding and self._is_shedding(now):
            yield Reason("more arrives than can be handled", self._shedding[0])
        if self._committing and now - self._committing >= _SLOW_COMMIT:
            yield Reason("the store does not finish a commit", self._committing, is_failing=True)


def shed_of(inputs: Mapping[Rank, int], refused: int, unsent: int) -> Shed:
    """Return what was shed, of inputs by their rank."""
    telemetry, status, control = (
        inputs.get(rank, 0) for rank in (Rank.TELEMETRY, Rank.STATUS, Rank.CONTROL)
    )
    return Shed(telemetry, status, control, refused, unsent)
