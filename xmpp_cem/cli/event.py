"""The commands `event create`, `event change`, `event cancel` and `event show`."""

from typing import TYPE_CHECKING

import typer

from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.creating import Output, answer_of, created, show_answer
from xmpp_cem.cli.dispatch import (
    Ask,
    Changes,
    Spread,
    When,
    live_event,
    record_of,
)
from xmpp_cem.cli.event_options import (
    Answers,
    AnswerWithin,
    Id,
    InMode,
    Lead,
    Length,
    MaybeNamed,
    Named,
    NewLength,
    NewReason,
    OfResources,
    Priority,
    Programme,
    Ramp,
    Randomise,
    Reason,
    Recovery,
    Start,
    Wait,
)
from xmpp_cem.cli.failures import FAILED, accepted
from xmpp_cem.cli.output import show_json, show_line
from xmpp_cem.cli.records import show_record
from xmpp_cem.cli.signal_options import with_signal
from xmpp_cem.cli.signals import Said
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.event import EventStatus, Mode

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

event = typer.Typer(
    help="Create, change, cancel and show demand-response events.", no_args_is_help=True
)


@event.command()
@with_signal
def create(  # noqa: PLR0913 one per option
    file: File,
    *,
    length: Length,
    said: Said,
    resource: OfResources = None,
    lead: Lead = None,
    start: Start = None,
    answer_within: AnswerWithin = None,
    reason: Reason = "",
    mode: InMode = Mode.REAL,
    priority: Priority = 100,
    randomise: Randomise = None,
    ramp: Ramp = None,
    recovery: Recovery = None,
    programme: Programme = None,
    event_id: Id = None,
    answers: Answers = False,
    wait: Wait = False,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Ask a domain for a change of power, or give it a limit, a price or a level.

    Prints the event's id and the VTN's answer.
    """
    from xmpp_cem.agents.operator import fresh_id
    from xmpp_cem.agents.settings import clock_of
    from xmpp_cem.cli.connected import as_operator, operator_config

    if (lead is None) == (start is None):
        raise typer.BadParameter("give exactly one of --in and --start")
    config = operator_config(file, domain)
    when = When(lead, start, length, answer_within)
    spread = Spread(randomise, ramp, recovery)
    name = str(event_id or fresh_id())
    resources = tuple(resource or ())
    ask = Ask(name, said, when, mode, reason[:256], priority, spread, resources, programme)
    ask.event(clock_of(config.clock).now())  # tells wrong times before it connects
    output = Output(as_json, answers, wait)
    ended = as_operator(config, lambda operator: created(operator, domain, ask, output))
    if ended is not None and ended.status is EventStatus.CANCELLED:
        raise typer.Exit(FAILED)


@event.command()
@with_signal
def change(  # noqa: PLR0913 one per option
    file: File,
    event_id: Named,
    *,
    said: Said,
    start: Start = None,
    length: NewLength = None,
    answer_within: AnswerWithin = None,
    reason: NewReason = None,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Change a live event, also while it acts: how much, when, how long; the rest stands."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    changes = Changes(said, start, length, answer_within, reason and reason[:256])
    if changes == Changes():
        raise typer.BadParameter("say what is to change: --power, --start, --for or --reason")
    if said.is_signal:
        _ = said.signal  # tells what does not fit before it connects

    async def work(operator: "Operator") -> None:
        known = await live_event(operator, domain, str(event_id))
        record, _ = await record_of(operator, domain, known.id)
        wanted = changes.of(known, record.target_w, operator.now())
        body = EndDeviceControls(events=(wanted,))
        reply = accepted(await operator.request(domain, Verb.CHANGE, Noun.CONTROLS, body=body))
        if as_json:
            show_json(answer_of(operator.domain(domain).domain, wanted, reply))
        else:
            show_answer(wanted, reply)

    as_operator(operator_config(file, domain), work)


@event.command()
def cancel(
    file: File,
    event_id: Named,
    reason: Reason = "",
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """End an event before its time."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    async def work(operator: "Operator") -> None:
        options = (("reason", reason[:256]),) if reason else ()
        reply = await operator.request(
            domain, Verb.CANCEL, Noun.CONTROLS, ids=(str(event_id),), options=options
        )
        accepted(reply)

    as_operator(operator_config(file, domain), work)
    if as_json:
        show_json({"event": str(event_id), "status": EventStatus.CANCELLED.value})
    else:
        show_line(f"event {event_id} is cancelled")


@event.command()
def show(
    file: File,
    event_id: MaybeNamed = None,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Show how an event stands: what was asked, promised and delivered, by member."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    name = str(event_id) if event_id else None
    record, _ = as_operator(
        operator_config(file, domain), lambda operator: record_of(operator, domain, name)
    )
    if as_json:
        show_json(record)
    else:
        show_record(record)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(event, name="event")
