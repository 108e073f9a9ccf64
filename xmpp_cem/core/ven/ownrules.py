"""What a VEN knows of programmes: what its VTN told, its customer's own word, its opt schedules."""

from collections.abc import Iterable
from datetime import datetime

from xmpp_cem.core.calls import Asked, Calls
from xmpp_cem.core.effects import Effect, Remember
from xmpp_cem.core.life.life import State
from xmpp_cem.core.programmes.agreed import Agreed, Called
from xmpp_cem.core.programmes.rulebook import Rulebook, Verdict, merged
from xmpp_cem.core.records import Commitment
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Verb
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule


class OwnRules:
    """The rules by which a VEN judges what calls its own resources.

    `agreed` is what its VTN has told, and `calls` are those that count.
    """

    def __init__(
        self,
        enrolments: tuple[Enrolment, ...] = (),
        schedules: tuple[OptSchedule, ...] = (),
        *,
        is_told: bool = True,
    ) -> None:
        self._own = enrolments
        self._schedules = schedules
        self._is_told = is_told
        self.calls = Calls()
        self.agreed = Agreed()
        self._book = self._made()

    def say(self, enrolments: tuple[Enrolment, ...], schedules: tuple[OptSchedule, ...]) -> bool:
        """Take what our customer now says; False where that is known."""
        if (enrolments, schedules) == (self._own, self._schedules):
            return False
        self._own, self._schedules = enrolments, schedules
        self._book = self._made()
        return True

    def restore(self, record: Agreed | Called) -> None:
        """Take back what the VTN told, or a call."""
        if isinstance(record, Agreed):
            self.agreed = record
            self._book = self._made()
        else:
            self.calls.restore(record)

    def told_by_us(self, verb: Verb) -> dict[str, tuple[Enrolment | OptSchedule, ...]]:
        """Return what a registration tells of our customer; a change of capability repeats none."""
        if verb is not Verb.CREATE or not self._is_told:
            return {}
        return {"enrolments": self._own, "schedules": self._schedules}

    def one_by_one(self) -> tuple[OptSchedule, ...]:
        """Return the opt schedules that are told each by itself, as a registration cannot.

        What recurs no profile can say that way: we answer by it ourselves.
        """
        return () if self._is_told else tuple(each for each in self._schedules if not each.rule)

    def told(self, body: EndDeviceConfig, verb: Verb) -> list[Effect]:
        """Keep what the VTN answers to our registration; nothing when that is known."""
        if verb is not Verb.CREATE and not (body.programmes or body.enrolments):
            return []
        agreed = Agreed(programmes=body.programmes, enrolments=body.enrolments)
        if agreed == self.agreed:
            return []
        self.agreed = agreed
        self._book = self._made()
        return [Remember(agreed)]

    def programme(self, event: Event) -> Programme | None:
        """Return the programme of an event, None for none or one that is not ours."""
        return self._book.programmes.get(event.programme or "")

    def verdict(
        self, event: Event, resources: Iterable[ResourceId], now: datetime, *, is_new: bool = True
    ) -> Verdict:
        """Return which of our resources an event may call; of what `is_new`, budgets count too."""
        calls = self.calls.of() if is_new else None
        return self._book.judge(event, resources, calls, now)

    def is_silence_yes(self, event: Event) -> bool:
        """Whether nobody's decision by the deadline means yes."""
        programme = self.programme(event)
        return programme is not None and programme.silence is Opt.IN

    def follow(self, commitment: Commitment, now: datetime) -> list[Effect]:
        """Keep what counts of a call."""
        programme = self.programme(commitment.event)
        if programme is None:
            return []
        is_over = commitment.status is State.CANCELLED
        resources = () if commitment.barred else commitment.resources or ()
        asked = Asked(commitment.event, resources, commitment.answer, is_over=is_over)
        return self.calls.follow(asked, programme, now)

    def sweep(self, now: datetime) -> list[Effect]:
        """Forget the calls of seasons that are over."""
        return self.calls.sweep(now)

    def _made(self) -> Rulebook:
        programmes = {each.id: each for each in self.agreed.programmes}
        return Rulebook(programmes, merged(self.agreed.enrolments, self._own), self._schedules)
