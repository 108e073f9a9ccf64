"""What entry points of the group `xmpp_cem.drivers` name: how a driver is configured and built."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any

from xmpp_cem.drivers.driver import Driver

Clock = Callable[[], datetime]
"""Returns the present instant, UTC."""


@dataclass(frozen=True)
class DriverPlugin:
    """A driver that configurations can name.

    Args:
        settings: pydantic model of its settings (see `Settings`), or a union of such by `kind`.
        build: makes the driver of one resource from its settings and the clock, without I/O; may
            raise ConfigError.
        modules: packages of others that it needs, as they are imported.
        install: what `pip install` gets to have them.
    """

    settings: Any
    build: Callable[[Any, Clock], Driver]
    modules: tuple[str, ...] = ()
    install: str = ""

    @property
    def missing(self) -> str:
        """The first package that it needs and that is not installed, or nothing."""
        return next((name for name in self.modules if find_spec(name) is None), "")
