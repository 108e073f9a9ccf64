"""The customer's override by a small file beside the store, which the running agent looks at."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self

import structlog
from pydantic import Field, ValidationError

from xmpp_cem.agents.wholefile import write_whole
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value
from xmpp_cem.runtime.ports import Application, Decision

log = structlog.get_logger()


class Override(Value):
    """The customer keeps a resource, or all without one, for itself.

    Args:
        resource: mRID; None: all of the site.
        since: when it began.
        until: when it ends by itself; None: when it is taken back.
        reason: for people.
    """

    resource: ResourceId | None = None
    since: Instant
    until: Instant | None = None
    reason: Sentence = ""

    def holds(self, resource: ResourceId) -> bool:
        """Whether it is about a resource."""
        return self.resource in {None, resource}


class _Kept(Value):
    overrides: tuple[Override, ...] = Field(default=(), max_length=1001)


class OverrideFile:
    """The overrides of a site, kept over restarts and written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return the file that belongs to an agent's store."""
        return cls(store.with_name(f"{store.name}.override"))

    def read(self, now: datetime) -> tuple[Override, ...]:
        """Return the overrides in force.

        Raises:
            ConfigError: the file cannot be read.
        """
        try:
            kept = _Kept.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return ()
        except (OSError, ValidationError) as error:
            raise ConfigError(
                f"{self.path}: the override file cannot be read; remove it, or run override off"
            ) from error
        return tuple(each for each in kept.overrides if each.until is None or now < each.until)

    def holds(self, resource: ResourceId, now: datetime) -> bool:
        """Whether the customer keeps a resource; so it does where the file cannot be read."""
        try:
            return any(each.holds(resource) for each in self.read(now))
        except ConfigError:
            return True

    def add(self, override: Override, now: datetime) -> None:
        """Keep an override in place of one for the same; raises as `read`, or OSError."""
        others = (each for each in self.read(now) if each.resource != override.resource)
        self._write((*others, override))

    def remove(self, resource: ResourceId | None, now: datetime) -> None:
        """Take back the override of one resource, or without one everything.

        Raises:
            ConfigError: as `read`, or all resources are overridden together.
        """
        if resource is None:
            self.path.unlink(missing_ok=True)
            return
        known = self.read(now)
        if any(each.resource is None for each in known):
            raise ConfigError("all resources are overridden; run override off without --resource")
        self._write(tuple(each for each in known if each.resource != resource))

    def _write(self, overrides: tuple[Override, ...]) -> None:
        write_whole(self.path, _Kept(overrides=overrides).model_dump_json())


class OverridableSite:
    """A site's program under the customer's hand, which wins over every set point."""

    def __init__(self, site: Application, file: OverrideFile, now: Callable[[], datetime]) -> None:
        self._site = site
        self._file = file
        self._now = now
        self._known: tuple[Override, ...] | None = None

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Answer an event that asks for this change of power, W, signed."""
        return await self._site.decide(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Bring each device to its set point; what the customer keeps is left free."""
        overrides = self._overrides()
        await self._site.apply(
            tuple(
                SetPoint(resource=each.resource, power_w=None)
                if _holder(overrides, each.resource)
                else each
                for each in set_points
            )
        )

    async def read(self) -> tuple[Sample, ...]:
        """Read the devices, and the file."""
        samples, overrides = await self._site.read(), self._overrides()
        return tuple(_marked(each, overrides) for each in samples)

    def _overrides(self) -> tuple[Override, ...]:
        """Return what is in force; a file that cannot be read leaves all as it was.

        Who has never read it cannot know that the customer does not want its devices.
        """
        now = self._now()
        try:
            self._known = self._file.read(now)
        except ConfigError as error:
            if self._known is None:
                log.warning("override unknown", why=str(error))
                self._known = (Override(since=now, reason="the override file cannot be read"),)
        return self._known


def _holder(overrides: tuple[Override, ...], resource: ResourceId) -> Override | None:
    return next((each for each in overrides if each.holds(resource)), None)


def _marked(sample: Sample, overrides: tuple[Override, ...]) -> Sample:
    holder = _holder(overrides, sample.resource)
    if holder is None:
        return sample
    until = None if sample.is_overridden else _until(overrides, sample.resource)
    update = {"is_overridden": True, "reason": holder.reason, "overridden_until": until}
    return sample.model_copy(update=update)


def _until(overrides: tuple[Override, ...], resource: ResourceId) -> datetime | None:
    """Return when the last of them ends; None where one has no end."""
    ends = [each.until for each in overrides if each.holds(resource)]
    return None if None in ends else max(filter(None, ends))
