"""The command `readings`: what the members of a domain measured, and evidence of an event."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from xmpp_cem.cli.arguments import AsJson, InDomain, instant
from xmpp_cem.cli.evidence import Wanted, show_evidence, show_verified
from xmpp_cem.cli.output import rests_on, show_json, show_line, show_table, signed_kw
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator
    from xmpp_cem.agents.recalling import Recalled

Party = Annotated[str | None, typer.Option(metavar="PARTY", help="One member; default: all.")]
Since = Annotated[
    datetime | None,
    typer.Option(parser=instant, metavar="INSTANT", help="From then on, as 2026-01-31T12:00:00Z."),
]

MaybeFile = Annotated[
    Path | None,
    typer.Argument(help="Configuration file (TOML); not needed with --verify.", metavar="FILE"),
]
Evidence = Annotated[
    UUID | None,
    typer.Option(metavar="EVENT", help="Get the signed evidence of an event, for each resource."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write the evidence there; of several resources each one's name is added.",
    ),
]
Verify = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Check the signature of a file of evidence, offline."),
]


def readings(  # noqa: PLR0913, PLR0917 one per option
    file: MaybeFile = None,
    domain: InDomain = None,
    party: Party = None,
    since: Since = None,
    evidence: Evidence = None,
    out: Out = None,
    verify: Verify = None,
    as_json: AsJson = False,
) -> None:
    """List the last readings of a domain's members that the VTN holds, late ones included.

    With --evidence: what is known of an event, so that others can reckon it again.
    """
    from xmpp_cem.agents.recalling import recall
    from xmpp_cem.cli.connected import as_operator, operator_config

    if verify is not None:
        show_verified(verify)
        return
    if file is None:
        raise typer.BadParameter("the operator's configuration file is missing")
    if evidence is not None:
        wanted_files = Wanted(str(evidence), domain, party, out)
        show_evidence(operator_config(file, domain), wanted_files)
        return

    async def work(operator: "Operator") -> "Recalled":
        return await recall(operator, domain, wanted(party, since, operator.now()))

    found = as_operator(operator_config(file, domain), work)
    ordered = sorted(found.readings, key=lambda r: (r.window.start, r.resource))
    if as_json:
        rows = [reading.model_dump(mode="json", exclude_none=True) for reading in ordered]
        show_json({"readings": rows, "lost": found.lost})
        return
    show_table(("window", "party", "power", "import", "export", "quality"), map(_row, ordered))
    if found.lost:
        show_line(f"not complete: {found.lost}")


def wanted(party: str | None, since: datetime | None, now: datetime) -> GetMeterReadings:
    """Return the query of these options.

    Raises:
        typer.BadParameter: no party's name, or an instant that has not come.
    """
    if since is not None and since >= now:
        raise typer.BadParameter("--since is not in the past")
    interval = None if since is None else Interval(start=since, end=now)
    try:
        return GetMeterReadings(devices=() if party is None else (party,), interval=interval)
    except ValueError as error:
        raise typer.BadParameter(f"--party: {party!r} is no name of a party") from error


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(readings)


def _row(reading: Reading) -> tuple[str, ...]:
    window = reading.window
    return (
        f"{window.start:%Y-%m-%d %H:%M:%S} + {window.duration.total_seconds():g} s",
        reading.resource,
        signed_kw(reading.power_w),
        _kwh(reading.import_wh),
        _kwh(reading.export_wh),
        f"{reading.quality.value}{_rests(reading)}",
    )


def _rests(reading: Reading) -> str:
    is_older = reading.oldest is not None and reading.oldest < reading.window.end
    return rests_on(
        reading.expected,
        reading.reporting,
        reading.oldest if is_older else None,
        reading.estimated_share_permille,
    )


def _kwh(energy_wh: int | None) -> str:
    return "-" if energy_wh is None else f"{energy_wh / 1000:.1f} kWh"
