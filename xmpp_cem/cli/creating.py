"""Sends an event to a VTN, tells what it answers, and follows the event."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmpp_cem.cli.dispatch import Ask, followed, record_of
from xmpp_cem.cli.failures import accepted
from xmpp_cem.cli.output import show_json, show_line, signed_kw
from xmpp_cem.cli.records import line_of, show_record
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Verb
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.event import Event
from xmpp_cem.model.signal import Delta, in_words

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

_AFTER_THE_DEADLINE_S = 20.0


@dataclass(frozen=True)
class Output:
    """What a person wants to see of an event that is created."""

    as_json: bool
    answers: bool
    wait: bool


async def created(
    operator: "Operator", domain: str | None, ask: Ask, output: Output
) -> DispatchRecord | None:
    """Send the event and, if asked for, follow it; returns its last record then."""
    wanted = ask.event(operator.now())
    body = EndDeviceControls(events=(wanted,))
    left = (wanted.answer_by - operator.now()).total_seconds() + _AFTER_THE_DEADLINE_S
    late_s = left if output.answers else None
    sending = operator.request(domain, Verb.CREATE, Noun.CONTROLS, body=body, late_s=late_s)
    reply = accepted(await sending)
    if output.as_json:
        show_json(answer_of(operator.domain(domain).domain, wanted, reply))
    else:
        show_answer(wanted, reply)
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


def show_answer(wanted: Event, reply: ResponseMessage) -> None:
    """Print what was asked, and what the VTN answered."""
    active, signal = wanted.active, wanted.signal
    asked = signed_kw(signal.power_w) if isinstance(signal, Delta) else in_words(signal)
    show_line(f"event {wanted.id}")
    show_line(
        f"{reply.result.value}: {asked} from {active.start:%Y-%m-%d %H:%M:%SZ} "
        f"to {active.end:%H:%M:%SZ}, answers by {wanted.answer_by:%H:%M:%SZ}"
    )
    for error in reply.errors:
        show_line(f"{error.level.value}: {error.reason} (code {error.code})", "yellow")


def answer_of(domain: str, wanted: Event, reply: ResponseMessage) -> dict[str, object]:
    """Return the same for programs."""
    return {
        "event": wanted.id,
        "domain": domain,
        "result": reply.result.value,
        "errors": [error.model_dump(mode="json") for error in reply.errors],
        "sent": wanted.model_dump(mode="json"),
    }
