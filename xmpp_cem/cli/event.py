"""The commands `event create`, `event change`, `event cancel` and `event show`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.dispatch import (
    Ask,
    Changes,
    Spread,
    When,
    chosen_power,
    followed,
    line_of,
    live_event,
    record_of,
    show_record,
)
from xmpp_cem.cli.event_options import (
    Answers,
    AnswerWithin,
    Id,
    Increase,
    InMode,
    Lead,
    Length,
    MaybeNamed,
    Named,
    NewLength,
    NewReason,
    Power,
    Priority,
    Ramp,
    Randomise,
    Reason,
    Recovery,
    Reduce,
    Start,
    Wait,
)
from xmpp_cem.cli.failures import FAILED, accepted
from xmpp_cem.cli.output import show_json, show_line, signed_kw
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Verb
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.event import Event, EventStatus, Mode
from xmpp_cem.model.signal import Delta, in_words

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

event = typer.Typer(
    help="Create, change, cancel and show demand-response events.", no_args_is_help=True
)

_AFTER_THE_DEADLINE_S = 20.0


@event.command()
def create(  # noqa: PLR0913 one per option
    file: File,
    *,
    length: Length,
    power: Power = None,
    reduce: Reduce = None,
    increase: Increase = None,
    lead: Lead = None,
    start: Start = None,
    answer_within: AnswerWithin = None,
    reason: Reason = "",
    mode: InMode = Mode.REAL,
    priority: Priority = 100,
    randomise: Randomise = None,
    ramp: Ramp = None,
    recovery: Recovery = None,
    event_id: Id = None,
    answers: Answers = False,
    wait: Wait = False,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Ask a domain for a change of power; prints the event's id and the VTN's answer."""
    from xmpp_cem.agents.operator import fresh_id
    from xmpp_cem.agents.settings import clock_of
    from xmpp_cem.cli.connected import as_operator, operator_config

    power_w = chosen_power(power, reduce, increase)
    if (lead is None) == (start is None):
        raise typer.BadParameter("give exactly one of --in and --start")
    config = operator_config(file, domain)
    when = When(lead, start, length, answer_within)
    spread = Spread(randomise, ramp, recovery)
    name = str(event_id or fresh_id())
    ask = Ask(name, power_w, when, mode, reason[:256], priority, spread)
    ask.event(clock_of(config.clock).now())  # tells wrong times before it connects
    output = _Output(as_json, answers, wait)
    ended = as_operator(config, lambda operator: _created(operator, domain, ask, output))
    if ended is not None and ended.status is EventStatus.CANCELLED:
        raise typer.Exit(FAILED)


@event.command()
def change(  # noqa: PLR0913 one per option
    file: File,
    event_id: Named,
    *,
    power: Power = None,
    reduce: Reduce = None,
    increase: Increase = None,
    start: Start = None,
    length: NewLength = None,
    answer_within: AnswerWithin = None,
    reason: NewReason = None,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Change a live event, also while it acts: how much, when, how long; the rest stands."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    is_other_power = any(given is not None for given in (power, reduce, increase))
    power_w = chosen_power(power, reduce, increase) if is_other_power else None
    changes = Changes(power_w, start, length, answer_within, reason and reason[:256])
    if changes == Changes():
        raise typer.BadParameter("say what is to change: --power, --start, --for or --reason")

    async def work(operator: "Operator") -> None:
        known = await live_event(operator, domain, str(event_id))
        record, _ = await record_of(operator, domain, known.id)
        wanted = changes.of(known, record.target_w, operator.now())
        body = EndDeviceControls(events=(wanted,))
        reply = accepted(await operator.request(domain, Verb.CHANGE, Noun.CONTROLS, body=body))
        if as_json:
            show_json(_answer(operator.domain(domain).domain, wanted, reply))
        else:
            _show_answer(wanted, reply)

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


@dataclass(frozen=True)
class _Output:
    as_json: bool
    answers: bool
    wait: bool


async def _created(
    operator: "Operator", domain: str | None, ask: Ask, output: _Output
) -> DispatchRecord | None:
    """Send the event and, if asked for, follow it; returns its last record then."""
    wanted = ask.event(operator.now())
    body = EndDeviceControls(events=(wanted,))
    left = (wanted.answer_by - operator.now()).total_seconds() + _AFTER_THE_DEADLINE_S
    late_s = left if output.answers else None
    sending = operator.request(domain, Verb.CREATE, Noun.CONTROLS, body=body, late_s=late_s)
    reply = accepted(await sending)
    if output.as_json:
        show_json(_answer(operator.domain(domain).domain, wanted, reply))
    else:
        _show_answer(wanted, reply)
    if not output.wait:
        return None
    record, _ = await record_of(operator, domain, wanted.id)
    if output.as_json:
        record = await followed(operator, record, lambda _: None)
        show_json(record)
    else:
        record = await followed(operator, record, lambda changed: show_line(line_of(changed)))
        show_record(record)
    return record


def _show_answer(wanted: Event, reply: ResponseMessage) -> None:
    active, signal = wanted.active, wanted.signal
    asked = signed_kw(signal.power_w) if isinstance(signal, Delta) else in_words(signal)
    show_line(f"event {wanted.id}")
    show_line(
        f"{reply.result.value}: {asked} from {active.start:%Y-%m-%d %H:%M:%SZ} "
        f"to {active.end:%H:%M:%SZ}, answers by {wanted.answer_by:%H:%M:%SZ}"
    )
    for error in reply.errors:
        show_line(f"{error.level.value}: {error.reason} (code {error.code})", "yellow")


def _answer(domain: str, wanted: Event, reply: ResponseMessage) -> dict[str, object]:
    return {
        "event": wanted.id,
        "domain": domain,
        "result": reply.result.value,
        "errors": [error.model_dump(mode="json") for error in reply.errors],
        "sent": wanted.model_dump(mode="json"),
    }
