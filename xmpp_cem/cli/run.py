"""The command `run`: one agent until it is told to end."""

from typing import Annotated, Literal

import typer

from xmpp_cem.cli.arguments import File
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig, VenConfig
from xmpp_cem.errors import ConfigError

AtLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    typer.Option(metavar="LEVEL", help="Least level: DEBUG, INFO, WARNING or ERROR."),
]


def run(
    file: File,
    as_json: Annotated[bool, typer.Option("--json", help="Log in JSON lines.")] = False,
    level: AtLevel = "INFO",
) -> None:
    """Run an agent in the foreground; Ctrl-C or SIGTERM end it in order."""
    config = load(file)
    if isinstance(config, OperatorConfig):
        raise ConfigError(f"{file}: role: an operator does not run; use event, members or watch")
    if isinstance(config, VenConfig) and not config.resources:
        raise ConfigError(f"{file}: resources: there are none; add a [[resources]] table")
    from xmpp_cem.agents.run import run as run_agent
    from xmpp_cem.cli.connected import until_signalled
    from xmpp_cem.runtime.telemetry import configure

    configure("json" if as_json else "console", level)
    until_signalled(run_agent(config))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)
