"""How trials of a running agent's devices are ordered, and told: by two files beside its store."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError

from xmpp_cem.agents.trial import Check, Limits
from xmpp_cem.agents.wholefile import write_whole
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value
from xmpp_cem.runtime.ports import Clock


class TrialOrder(Value):
    """Which devices a running agent is to try, and how far; taken back by removing its file.

    Args:
        id: differs from every other order's.
        at: when it was given.
        resources: one after the other, in this order.
        limits: how far each trial goes.
        failsafe: whether failsafe is tried afterwards, with all devices of the site together.
    """

    id: str = Field(max_length=64)
    at: Instant
    resources: tuple[ResourceId, ...] = Field(max_length=1000)
    limits: Limits
    failsafe: bool = False


class TrialNews(Value):
    """What has come of an order so far; `is_done` when nothing more will."""

    id: str = Field(max_length=64)
    checks: tuple[Check, ...] = Field(max_length=10_000)
    is_done: bool = False


class TrialFile:
    """The order beside a site's store, and beside that what came of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._news = path.with_name(f"{path.name}.told")

    @classmethod
    def beside(cls, store: Path) -> Self:
        """Return the files that belong to an agent's store."""
        return cls(store.with_name(f"{store.name}.trial"))

    def give(self, order: TrialOrder) -> None:
        """Order trials; raises OSError."""
        write_whole(self._path, order.model_dump_json())

    def take_back(self) -> None:
        """End what was ordered; raises OSError."""
        self._path.unlink(missing_ok=True)
        self._news.unlink(missing_ok=True)

    def order(self) -> TrialOrder | None:
        """Return what is ordered; None for nothing, and for what cannot be read."""
        with contextlib.suppress(OSError, ValidationError):
            return TrialOrder.model_validate_json(self._path.read_bytes())
        return None

    def tell(self, news: TrialNews) -> None:
        """Tell what came of it so far; raises OSError."""
        write_whole(self._news, news.model_dump_json())

    def news(self, order: str) -> TrialNews | None:
        """Return what has come of an order; None as long as nobody has taken it."""
        with contextlib.suppress(OSError, ValidationError):
            told = TrialNews.model_validate_json(self._news.read_bytes())
            return told if told.id == order else None
        return None


async def tried_by_agent(
    file: TrialFile, order: TrialOrder, clock: Clock, note: Callable[[Check], None]
) -> None:
    """Have the running agent try devices, and note each check as it ends.

    Raises:
        ConfigError: the agent does not take the order, or its file cannot be written.
    """
    seen, asked = 0, clock.now()
    try:
        file.give(order)
        while True:
            await clock.sleep_until(clock.now() + timedelta(seconds=0.5))
            news = file.news(order.id)
            if news is None and clock.now() - asked > timedelta(seconds=15):
                raise ConfigError(
                    "the store is in use, and who uses it tries no devices: an agent of "
                    "[[resources]] does, at its next look; stop it, or wait and try again"
                )
            for check in news.checks[seen:] if news else ():
                seen += 1
                note(check)
            if news is not None and news.is_done:
                return
    except OSError as error:
        raise ConfigError(
            f"{error.filename}: cannot be written ({error.strerror}); use the agent's account"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            file.take_back()
