"""The plug-in `script`: any executable reaches the device."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from xmpp_cem.drivers.plugin import Clock, DriverPlugin
from xmpp_cem.drivers.script.driver import ScriptDriver
from xmpp_cem.drivers.settings import LocalPath, Settings


class ScriptConfig(Settings):
    """A device that a program of yours reaches; it is asked and answers in lines of JSON."""

    command: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]
    """The program and its arguments; without a `/` the program is looked for in `PATH`."""

    folder: Annotated[LocalPath, Field(validate_default=True)] = Path()
    """Its working folder."""


def _build(config: ScriptConfig, clock: Clock) -> ScriptDriver:
    return ScriptDriver(config.command, config.folder, clock)


PLUGIN = DriverPlugin(ScriptConfig, _build)
