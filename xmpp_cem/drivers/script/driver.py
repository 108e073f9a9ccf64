"""A driver whose work any executable does, in any language, by lines of JSON."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.drivers.plugin import Clock
from xmpp_cem.drivers.script import lines
from xmpp_cem.drivers.script.child import Child
from xmpp_cem.errors import DriverError

_STEADY = timedelta(seconds=60)
_LONGEST = timedelta(seconds=60)
_MOST_FAILURES = 6


class ScriptDriver:
    """Keeps a script running and asks it.

    A script that dies is started again at the next call, after 2 s, 4 s, up to a minute while it
    does not live for a minute.

    Args:
        command: program and arguments.
        folder: its working folder.
        clock: returns the present instant, UTC.
    """

    def __init__(self, command: tuple[str, ...], folder: Path, clock: Clock) -> None:
        self._command = command
        self._folder = folder
        self._clock = clock
        self._child: Child | None = None
        self._started_at = clock()
        self._not_before = clock()
        self._failures = 0

    async def describe(self) -> Description:
        """Return what the script says that its resource is."""
        return lines.description(await self._ask("describe"))

    async def apply(self, power_w: int) -> None:
        """Tell the script a set point, W, signed."""
        await self._ask("apply", power_w=power_w)

    async def read(self) -> Reading:
        """Return what the script says that its resource does."""
        return lines.reading(await self._ask("read"))

    async def release(self) -> None:
        """Tell the script to give the resource back to its own plan."""
        await self._ask("release")

    async def close(self) -> None:
        """End the script."""
        child, self._child = self._child, None
        if child is not None:
            await child.stop()

    async def _ask(self, what: str, **values: int) -> dict[str, Any]:
        child = self._child
        if child is None or not child.is_alive:
            child = await self._restarted(child)
        return await child.ask(what, **values)

    async def _restarted(self, dead: Child | None) -> Child:
        if dead is not None:
            self._child = None
            await dead.stop()
            self._died()
        wait_s = (self._not_before - self._clock()).total_seconds()
        if wait_s > 0:
            raise DriverError(f"the script died and is started again in {wait_s:.0f} s")
        self._started_at = self._clock()
        try:
            self._child = await Child.start(self._command, self._folder)
        except DriverError:
            self._died()
            raise
        return self._child

    def _died(self) -> None:
        has_lived = self._clock() - self._started_at >= _STEADY
        self._failures = 1 if has_lived else min(self._failures + 1, _MOST_FAILURES)
        self._not_before = self._clock() + min(timedelta(seconds=2**self._failures), _LONGEST)
