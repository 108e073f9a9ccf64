"""The options of the event commands."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer

from xmpp_cem.cli.arguments import duration, instant, programme
from xmpp_cem.model.event import Mode

OfResources = Annotated[
    list[str] | None,
    typer.Option("--resource", metavar="ID", help="A resource that a set point is for."),
]
Lead = Annotated[
    timedelta | None,
    typer.Option("--in", parser=duration, metavar="TIME", help="Start after this, as 10s."),
]
Start = Annotated[
    datetime | None,
    typer.Option(parser=instant, metavar="INSTANT", help="Start, as 2026-01-31T12:00:00Z."),
]
Length = Annotated[
    timedelta,
    typer.Option("--for", parser=duration, metavar="TIME", help="How long it acts, as 15m."),
]
NewLength = Annotated[
    timedelta | None,
    typer.Option("--for", parser=duration, metavar="TIME", help="How long it acts, as 15m."),
]
AnswerWithin = Annotated[
    timedelta | None,
    typer.Option(
        parser=duration,
        metavar="TIME",
        help="Answers are due after this; default: half the time to the start, 2 s to 30 s.",
    ),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="For people; at most 256 characters.")]
NewReason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="For people; at most 256 characters.")
]
Priority = Annotated[
    int, typer.Option(min=0, max=255, metavar="NUMBER", help="0 is the highest, 255 the lowest.")
]
Randomise = Annotated[
    timedelta | None,
    typer.Option(
        parser=duration,
        metavar="TIME",
        help="Each start is put off at random, by 30m at most; unless told as the VTN's setting "
        "`randomise` has it. 0s for at once.",
    ),
]
Ramp = Annotated[
    timedelta | None, typer.Option(parser=duration, metavar="TIME", help="How long power may take.")
]
Recovery = Annotated[
    timedelta | None,
    typer.Option(parser=duration, metavar="TIME", help="Over how long the end is spread."),
]
InMode = Annotated[
    Mode,
    typer.Option(metavar="comms|activation|real", help="Answers only, a test that acts, or real."),
]
Id = Annotated[
    UUID | None,
    typer.Option("--id", metavar="UUID", help="The event's UUID; repeating a command needs it."),
]
Programme = Annotated[
    str | None,
    typer.Option(
        parser=programme, metavar="ID", help="Under whose rules members are called; else none."
    ),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow the event until it has ended.")]
Answers = Annotated[
    bool, typer.Option("--answers", help="Wait until the members have answered, and tell the sum.")
]
Named = Annotated[UUID, typer.Argument(metavar="ID", help="The event's UUID.")]
MaybeNamed = Annotated[
    UUID | None, typer.Argument(metavar="[ID]", help="The event's UUID; default: the newest.")
]
