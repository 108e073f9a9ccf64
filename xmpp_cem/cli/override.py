"""The command `override`: the customer takes devices back, on the box and without a network."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from xmpp_cem.cli.arguments import AsJson, File, duration
from xmpp_cem.cli.output import show_json, show_line
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.errors import ConfigError

if TYPE_CHECKING:  # it brings what an agent needs
    from xmpp_cem.agents.overriding import Override

Action = Annotated[
    Literal["on", "off", "show"],
    typer.Argument(metavar="on|off|show", help="Take devices back, give them free, or tell."),
]
OfResource = Annotated[
    str | None, typer.Option("--resource", metavar="ID", help="Its mRID; default: all.")
]
Length = Annotated[
    timedelta | None,
    typer.Option("--for", parser=duration, metavar="TIME", help="Ends by itself, as 2h."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="For people; at most 256 characters.")]


def override(
    file: File,
    action: Action,
    resource: OfResource = None,
    length: Length = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Take a site's devices back from every event, also while the agent does not run."""
    from xmpp_cem.agents.overriding import OverrideFile
    from xmpp_cem.agents.settings import clock_of

    config = _site(file, resource)
    kept = OverrideFile.beside(_store(file, config))
    now = clock_of(config.clock).now()
    if action != "on" and (length is not None or reason):
        raise typer.BadParameter("--for and --reason belong to on")
    try:
        if action == "on":
            kept.add(_override(resource, now, length, reason), now)
        elif action == "off":
            kept.remove(resource, now)
    except OSError as error:
        raise ConfigError(
            f"{kept.path}: cannot be written ({error.strerror}); use the agent's account"
        ) from error
    known = kept.read(now)
    if as_json:
        show_json({"overrides": [each.model_dump(mode="json") for each in known]})
        return
    for each in known:
        show_line(_line(each))
    if not known:
        show_line("nothing is overridden")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(override)


def _site(file: Path, resource: str | None) -> VenConfig:
    config = load(file)
    if not isinstance(config, VenConfig):
        raise ConfigError(f"{file}: role: only a VEN has devices; this is a {config.role}")
    known = [each.id for each in config.resources]
    if resource is not None and known and resource not in known:
        raise typer.BadParameter(f"there is no resource {resource}; choose {', '.join(known)}")
    return config


def _store(file: Path, config: VenConfig) -> Path:
    if not isinstance(config.store, Path):
        raise ConfigError(f"{file}: store: override needs a file beside which it keeps its own")
    return config.store


def _override(
    resource: str | None, now: datetime, length: timedelta | None, reason: str
) -> "Override":
    from xmpp_cem.agents.overriding import Override

    until = (now + length).replace(microsecond=0) if length is not None else None
    return Override(resource=resource, since=now, until=until, reason=reason[:256])


def _line(each: "Override") -> str:
    until = f"until {each.until:%Y-%m-%d %H:%M:%SZ}" if each.until else "until it is taken back"
    why = f" ({each.reason})" if each.reason else ""
    return f"{each.resource or 'all resources'}: overridden {until}{why}"
