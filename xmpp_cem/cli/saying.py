"""The commands `consent` and `opt`: the customer's word, on the box, while the agent runs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from pydantic import ValidationError

from xmpp_cem.cli.arguments import AsJson, File, duration
from xmpp_cem.cli.output import show_json, show_line
from xmpp_cem.config.enrolling import OptScheduleConfig
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.programme import Consent

if TYPE_CHECKING:  # it brings what an agent needs
    from xmpp_cem.agents.word import Calendar, Said, Word, WordFile

Word_ = Annotated[
    Literal["give", "withdraw", "show"],
    typer.Argument(metavar="give|withdraw|show", help="What the customer says, or tell it."),
]
Deed = Annotated[
    Literal["add", "remove", "show"],
    typer.Argument(metavar="add|remove|show", help="Add or replace one, take it away, or tell."),
]
ProgrammeName = Annotated[str, typer.Argument(metavar="PROGRAMME", help="Its id.")]
ScheduleName = Annotated[str, typer.Argument(metavar="NAME", help="Its name; a change keeps it.")]
OfResource = Annotated[
    str | None, typer.Option("--resource", metavar="ID", help="Its mRID; default: all.")
]
OfResources = Annotated[
    list[str] | None, typer.Option("--resource", metavar="ID", help="Again for more; default: all.")
]
Version = Annotated[
    int, typer.Option(min=1, metavar="N", help="Of the rules that the customer has read.")
]
AnswerOf = Annotated[
    Literal["yes", "no"] | None,
    typer.Option("--answer", metavar="yes|no", help="What is answered."),
]
Start = Annotated[
    datetime | None,
    typer.Option(
        "--start",
        formats=["%Y-%m-%dT%H:%M:%S"],
        metavar="TIME",
        help="First time, by the wall clock, as 2026-01-31T08:00:00.",
    ),
]
Length = Annotated[
    timedelta | None,
    typer.Option("--for", parser=duration, metavar="TIME", help="How long each time, as 2h."),
]
Zone = Annotated[str, typer.Option(metavar="ZONE", help="Time zone of start and rule.")]
Rule = Annotated[str, typer.Option(metavar="RRULE", help="As FREQ=WEEKLY;BYDAY=SA; default: once.")]
OfProgramme = Annotated[
    str | None, typer.Option("--programme", metavar="ID", help="For its events alone.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="For people; stands in the answers.")]


def consent(
    file: File,
    word: Word_,
    programme: ProgrammeName = "",
    resource: OfResource = None,
    version: Version = 1,
    as_json: AsJson = False,
) -> None:
    """Give or withdraw the customer's consent to a programme; a running agent acts on it at once.

    A withdrawal takes the resource out of events of that programme, also of one that acts. It is
    kept beside the store, wins over an older word of the file, and is told to the VTN.
    """
    from xmpp_cem.agents.settings import clock_of
    from xmpp_cem.agents.word import Said

    config, kept = _site(file, [resource] if resource else [])
    known = kept.read()
    if word != "show":
        if not programme:
            raise typer.BadParameter(f"consent {word} needs the programme")
        if resource is None and not config.resources:
            raise typer.BadParameter("the file names no resources; give --resource")
        now = clock_of(config.clock).now()
        given = Consent(is_given=word == "give", version=version, at=now)
        said = Said(programme=programme, resource=resource, consent=given)
        known = known.with_consent(said)
        _write(kept, known)
    _show(known, map(_consent, known.consents), "no consent was given here", as_json=as_json)


def opt(  # noqa: PLR0913, PLR0917 one argument per option
    file: File,
    deed: Deed,
    name: ScheduleName = "",
    answer: AnswerOf = None,
    start: Start = None,
    length: Length = None,
    rule: Rule = "",
    zone: Zone = "UTC",
    resources: OfResources = None,
    programme: OfProgramme = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Add or take away an opt schedule, by which the agent answers in its owner's name.

    A running agent acts on it at once; one of the same name in its file is replaced.
    """
    from xmpp_cem.agents.word import Calendar

    config, kept = _site(file, resources or [])
    known = kept.read()
    if deed != "show" and not name:
        raise typer.BadParameter(f"opt {deed} needs a name")
    if deed == "remove":
        known = known.with_calendar(Calendar(name=name))
    elif deed == "add":
        values = {
            "name": name,
            "answer": answer,
            "start": start,
            "length": length,
            "rule": rule,
            "zone": zone,
            "resources": tuple(resources or ()),
            "programme": programme,
            "reason": reason,
        }
        made = _schedule({k: v for k, v in values.items() if v is not None})
        schedule = made.schedule(config.party)
        known = known.with_calendar(Calendar(name=name, schedule=schedule))
    if deed != "show":
        _write(kept, known)
    _show(known, map(_calendar, known.calendars), "no opt schedule was made here", as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(consent)
    app.command()(opt)


def _schedule(values: dict[str, object]) -> OptScheduleConfig:
    try:
        return OptScheduleConfig.model_validate(values)
    except ValidationError as error:
        flaw = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in flaw["loc"]) or "it"
        where = {"length": "--for"}.get(where, f"--{where}")
        text = flaw["msg"].removeprefix("Value error, ")
        raise typer.BadParameter(f"{where}: {text}") from None


def _site(file: Path, resources: list[str]) -> "tuple[VenConfig, WordFile]":
    from xmpp_cem.agents.word import WordFile

    config = load(file)
    if not isinstance(config, VenConfig):
        raise ConfigError(f"{file}: role: only a VEN has a customer; this is a {config.role}")
    known = [each.id for each in config.resources]
    for resource in resources:
        if known and resource not in known:
            raise typer.BadParameter(f"there is no resource {resource}; choose {', '.join(known)}")
    if not isinstance(config.store, Path):
        raise ConfigError(f"{file}: store: a file is needed beside which the word is kept")
    return config, WordFile.beside(config.store)


def _write(kept: "WordFile", word: "Word") -> None:
    try:
        kept.write(word)
    except OSError as error:
        raise ConfigError(
            f"{kept.path}: cannot be written ({error.strerror}); use the agent's account"
        ) from error


def _show(word: "Word", lines: Iterator[str], nothing: str, *, as_json: bool) -> None:
    if as_json:
        show_json(word)
        return
    said = list(lines)
    for line in said or [nothing]:
        show_line(line)


def _consent(said: "Said") -> str:
    deed = "given" if said.consent.is_given else "withdrawn"
    whose = said.resource or "all resources"
    rules = f"version {said.consent.version}"
    return f"{said.programme}: {deed} for {whose} at {said.consent.at:%Y-%m-%d %H:%M:%SZ}, {rules}"


def _calendar(calendar: "Calendar") -> str:
    schedule = calendar.schedule
    if schedule is None:
        return f"{calendar.name}: taken away"
    often = f", {schedule.rule}" if schedule.rule else ""
    whose = ", ".join(schedule.resources) or "all resources"
    start = f"{schedule.start:%Y-%m-%dT%H:%M:%S} {schedule.zone}"
    hours = f"{timedelta(seconds=schedule.duration_s)}"
    return f"{calendar.name}: {schedule.opt} for {whose} from {start} for {hours}{often}"
