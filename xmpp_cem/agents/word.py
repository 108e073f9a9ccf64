"""What the customer says while the agent runs: consents and opt schedules, beside the store."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Self

import structlog
from pydantic import Field, ValidationError

from xmpp_cem.agents.wholefile import write_whole
from xmpp_cem.core.inputs import Input, OwnerSaid
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import PartyId, ProgrammeId, ResourceId
from xmpp_cem.model.programme import Consent, Enrolment
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval
from xmpp_cem.model.value import Value
from xmpp_cem.runtime.ports import Application, Decision

log = structlog.get_logger()

_ALWAYS = Interval(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2199, 12, 31, tzinfo=UTC))


class Said(Value):
    """The customer's word on a programme, for one resource, or without one for all."""

    programme: ProgrammeId
    resource: ResourceId | None = None
    consent: Consent


class Calendar(Value):
    """An opt schedule by its name, also in place of one of the file; None takes it away."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    schedule: OptSchedule | None = None


class Word(Value):
    """All that was said, beside what the agent's file says."""

    consents: tuple[Said, ...] = Field(default=(), max_length=1000)
    calendars: tuple[Calendar, ...] = Field(default=(), max_length=100)

    def with_consent(self, said: Said) -> Self:
        """Return it with a word in place of one on the same."""
        about = (said.programme, said.resource)
        others = (each for each in self.consents if (each.programme, each.resource) != about)
        return self.model_copy(update={"consents": (*others, said)})

    def with_calendar(self, calendar: Calendar) -> Self:
        """Return it with an opt schedule in place of one of the same name."""
        others = (each for each in self.calendars if each.name != calendar.name)
        return self.model_copy(update={"calendars": (*others, calendar)})

    def spoken(
        self,
        party: PartyId,
        resources: tuple[ResourceId, ...],
        enrolments: Iterable[Enrolment],
        schedules: Iterable[tuple[str, OptSchedule]],
    ) -> OwnerSaid:
        """Return what now holds of enrolments and schedules; of two words the newer counts.

        Args:
            party: who we are.
            resources: all of the site.
            enrolments: of the file.
            schedules: of the file, by name.
        """
        bound = {(each.programme, each.resource): each for each in enrolments}
        for said in sorted(self.consents, key=lambda each: each.consent.at):
            meant = resources if said.resource is None else (said.resource,)
            for resource in meant:
                key = (said.programme, resource)
                known = bound.get(key) or Enrolment(
                    programme=said.programme, party=party, resource=resource, valid=_ALWAYS
                )
                if known.consent is None or known.consent.at <= said.consent.at:
                    bound[key] = known.model_copy(update={"consent": said.consent})
        named: dict[str, OptSchedule | None] = dict(schedules)
        named |= {each.name: each.schedule for each in self.calendars}
        return OwnerSaid(tuple(bound.values()), tuple(s for s in named.values() if s))


class WordFile:
    """The word of a site's customer, kept over restarts and written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return the file that belongs to an agent's store."""
        return cls(store.with_name(f"{store.name}.word"))

    def read(self) -> Word:
        """Return what was said; raises ConfigError when the file cannot be read."""
        try:
            return Word.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Word()
        except (OSError, ValidationError) as error:
            raise ConfigError(
                f"{self.path}: the customer's word cannot be read; remove it and say it again"
            ) from error

    def write(self, word: Word) -> None:
        """Keep what was said; raises OSError."""
        write_whole(self.path, word.model_dump_json())


class ListeningSite:
    """A site's program that hears what its customer says meanwhile, and passes on all else.

    Args:
        program: of the site.
        file: where it is said.
        spoken: what follows of a word, with what the agent's file says.
        tell: gives it to the agent.
    """

    def __init__(
        self,
        program: Application,
        file: WordFile,
        spoken: Callable[[Word], OwnerSaid],
    ) -> None:
        self._program = program
        self._file = file
        self._spoken = spoken
        self._known: Word | None = None
        self.tell: Callable[[Input], None] | None = None

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Pass on."""
        return await self._program.decide(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Pass on."""
        await self._program.apply(set_points)

    async def read(self) -> tuple[Sample, ...]:
        """Pass on, and look whether something new was said."""
        self._listen()
        return await self._program.read()

    def _listen(self) -> None:
        """Tell a new word; one that cannot be read leaves all as it was."""
        try:
            word = self._file.read()
        except ConfigError as error:
            word = self._known or Word()
            if self._known is None:
                log.warning("the customer's word is unknown", why=str(error))
        if word != self._known and self.tell is not None:
            self._known = word
            self.tell(self._spoken(word))
