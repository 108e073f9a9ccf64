"""What a box last succeeded and failed in, kept for whoever finds it silent."""

import os
import re
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import structlog
from pydantic import Field, ValidationError

from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import (
    Delivery,
    LinkDown,
    LinkEvent,
    LinkFailed,
    LinkUp,
    PresenceSeen,
    Stage,
)
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value

CLOCK, ADMISSION = "clock", "admission"

_KEEP_EVERY = timedelta(minutes=10)
"""What only goes on well is written no more often: a flash memory must not be worn."""

_SKEW = timedelta(seconds=60)
_TIMESTAMP = re.compile(rb"<Timestamp>([0-9TZ:.-]{20,30})</Timestamp>")
_READABLE = 0o644
_STAGES = tuple(Stage)

log = structlog.get_logger()


class Last(Value):
    """The last success and the last failure in one thing; None: there was none.

    Args:
        success, failure: when, by the box's own clock, UTC.
        reason: of the last failure, for people.
    """

    success: Instant | None = None
    failure: Instant | None = None
    reason: str = Field(default="", max_length=300)

    @property
    def is_good(self) -> bool | None:
        """Whether the last outcome was a success; None: there was none at all."""
        if self.success is None or self.failure is None:
            return None if self.success is self.failure else self.failure is None
        return self.success >= self.failure


class Kept(Value):
    """What stands in the file: milestone to its last outcomes."""

    lasts: dict[str, Last] = Field(default={}, max_length=1100)


class LastsFile:
    """The file beside a store, written whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return the file that belongs to an agent's store."""
        return cls(store.with_name(f"{store.name}.lasts"))

    def read(self) -> dict[str, Last]:
        """Return what is kept; nothing where there is no file yet.

        Raises:
            ConfigError: the file cannot be read.
        """
        try:
            return dict(Kept.model_validate_json(self.path.read_bytes()).lasts)
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError) as error:
            raise ConfigError(f"{self.path}: cannot be read ({error}); remove it") from error

    def write(self, lasts: dict[str, Last]) -> None:
        """Keep it; raises OSError."""
        text = Kept(lasts=lasts).model_dump_json()
        descriptor, name = tempfile.mkstemp(prefix=self.path.name, dir=self.path.parent)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 by descriptor
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(_READABLE)
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class Lasts:
    """Learns from a connection and from drivers how everything last went.

    `vtn` is our VTN's address, once it is known.

    Args:
        now: what time it is.
        file: where it is kept; None: in memory alone.
    """

    def __init__(self, now: Callable[[], datetime], file: LastsFile | None = None) -> None:
        self._now = now
        self.vtn: Jid | None = None
        self._file = file
        self._written: datetime | None = None
        self.known: dict[str, Last] = self._restored()

    def take(self, seen: LinkEvent) -> None:
        """Learn from what a connection tells; must not raise."""
        match seen:
            case LinkUp():
                for stage in _STAGES:
                    self.well(stage.value)
                self.badly(ADMISSION, "our VTN does not show itself since this login")
            case LinkFailed(stage=stage, reason=reason):
                for earlier in _STAGES[: _STAGES.index(stage)]:
                    self.well(earlier.value)
                self.badly(stage.value, reason)
            case LinkDown(reason=reason):
                self.badly(Stage.LOGIN.value, f"connection lost: {reason}")
            case PresenceSeen(sender=sender, is_available=True) if sender == self.vtn:
                self.well(ADMISSION)
            case Delivery(payload=payload):
                self.well(ADMISSION)
                self._clocked(payload)
            case _:
                pass

    def well(self, what: str) -> None:
        """Note a success."""
        known = self.known.get(what, Last())
        self._put(what, known, known.model_copy(update={"success": self._now()}))

    def badly(self, what: str, reason: str) -> None:
        """Note a failure."""
        known, text = self.known.get(what, Last()), " ".join(reason.split())[:300]
        update = {"failure": self._now(), "reason": text}
        self._put(what, known, known.model_copy(update=update))

    def _clocked(self, payload: bytes) -> None:
        """Compare our clock with the one that stamped a live item a moment ago."""
        found = _TIMESTAMP.search(payload)
        if found is None:
            return
        try:
            off = self._now() - datetime.fromisoformat(found[1].decode())
        except (ValueError, TypeError):
            return
        if abs(off) <= _SKEW:
            self.well(CLOCK)
        else:
            self.badly(CLOCK, f"it differs from the VTN's by {off.total_seconds():.0f} s")

    def _put(self, what: str, before: Last, after: Last) -> None:
        self.known[what] = after
        is_change = before.is_good is not after.is_good or before.reason != after.reason
        now = self._now()
        is_old = self._written is None or now - self._written >= _KEEP_EVERY
        if self._file is None or not (is_change or is_old):
            return
        self._written = now
        try:
            self._file.write(self.known)
        except OSError as error:
            log.warning("last successes are not kept", file=str(self._file.path), why=str(error))

    def _restored(self) -> dict[str, Last]:
        try:
            return self._file.read() if self._file else {}
        except ConfigError as error:
            log.warning("last successes are lost", why=str(error))
            return {}
