"""The command `leave`: a site is taken out of use."""

import asyncio

import typer

from xmpp_cem.cli.arguments import AsJson, File
from xmpp_cem.cli.failures import FAILED, accepted
from xmpp_cem.cli.output import show_error, show_json, show_line
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.errors import ConfigError


def leave(file: File, as_json: AsJson = False) -> None:
    """Take a site out of use: release its devices and end its registration.

    The agent must not run. The VTN counts on the site no more; its admission stands, so that it
    registers again when its agent is started. Devices are released also when the VTN is away.
    """
    from xmpp_cem.agents.leaving import deregister, let_go

    config = load(file)
    if not isinstance(config, VenConfig):
        raise ConfigError(f"{file}: role: only a VEN can leave; this is a {config.role}")
    failed = asyncio.run(let_go(config))
    for name, why in failed.items():
        show_error(f"{name}: cannot be released ({why}); switch it off and on")
    accepted(asyncio.run(deregister(config)))
    if as_json:
        show_json({"party": config.party, "left": True, "not_released": dict(failed)})
    else:
        show_line(f"{config.party} has left {config.upper.domain}", "green")
    if failed:
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(leave)
