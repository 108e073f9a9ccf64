"""A VEN for integrators: three functions and a configuration file."""

import asyncio
import contextlib
from pathlib import Path

from xmpp_cem.agents.application import Apply, Decide, FunctionSite, Read, agree
from xmpp_cem.agents.run import run
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import SetPoint
from xmpp_cem.runtime import telemetry


class Ven:
    """A VEN whose decisions, actions and readings are your own async functions.

    Args:
        config: path of a TOML file with `role = "ven"`; it needs no `[[resources]]`.

    Raises:
        ConfigError: the file cannot be used; the text says why and what to do.
    """

    def __init__(self, config: str | Path) -> None:
        loaded = load(Path(config))
        if not isinstance(loaded, VenConfig):
            raise ConfigError(f'{config}: role: is {loaded.role!r}; a VEN needs role = "ven"')
        self._config = loaded
        self._decide: Decide = agree
        self._apply: Apply = _nothing_to_do
        self._read: Read | None = None

    def on_event(self, function: Decide) -> Decide:
        """Decide on events with this function of event and asked change of power (W, signed).

        It returns `OptIn(power_w)` or `OptOut(reason)`. Without one, the VEN takes part in all.
        """
        self._decide = function
        return function

    def on_set_point(self, function: Apply) -> Apply:
        """Act with this function of a `SetPoint`; it is called every second, so make it idempotent.

        `power_w` is the absolute power the resource is to have, W, signed; None leaves it free.
        """
        self._apply = function
        return function

    def meter(self, function: Read) -> Read:
        """Read devices with this function; it returns a list with one `Sample` per resource."""
        self._read = function
        return function

    async def serve(self) -> None:
        """Run until cancelled."""
        if self._read is None:
            raise ConfigError("a VEN needs a meter: decorate an async function with @ven.meter")
        await run(self._config, FunctionSite(self._read, self._apply, self._decide))

    def run(self) -> None:
        """Run until Ctrl-C."""
        telemetry.configure()
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self.serve())


async def _nothing_to_do(_set_point: SetPoint) -> None:
    """Act on nothing: a VEN that only measures."""
