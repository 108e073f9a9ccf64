"""The command `members ask`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.failures import accepted
from xmpp_cem.cli.output import show_json, show_line, show_table, signed_kw
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status
from xmpp_cem.model.answer import Answer
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.resource import Capability

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

Party = Annotated[str, typer.Argument(help="The member.")]
Events = Annotated[
    list[str] | None,
    typer.Option("--event", metavar="ID", help="Only this event; may be given several times."),
]

_HEADINGS = ("resource", "kind", "state", "power", "increase", "decrease")


class _Told(NamedTuple):
    """What a member says of itself."""

    capability: Capability | None
    answers: tuple[Answer, ...] = ()
    statuses: tuple[Status, ...] = ()

    def as_json(self, party: str) -> dict[str, object]:
        """Return it for programs."""
        able = self.capability.model_dump(mode="json") if self.capability else None
        answers = [each.model_dump(mode="json") for each in self.answers]
        statuses = [each.model_dump(mode="json") for each in self.statuses]
        return {"party": party, "capability": able, "answers": answers, "statuses": statuses}


def ask(
    file: File,
    party: Party,
    event: Events = None,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Have the VTN ask a member itself what it can do, and how events stand with it.

    `list` and `event show` tell what the VTN knows; this waits up to 10 s for what the member
    says now. Without `--event` it tells of all events that may still act.
    """
    from xmpp_cem.cli.connected import as_operator, operator_config

    named = tuple(event or ())

    async def work(operator: "Operator") -> _Told:
        able = await _capability(operator, domain, party)
        return _Told(able, *await _status(operator, domain, party, named))

    told = as_operator(operator_config(file, domain), work)
    if as_json:
        show_json(told.as_json(party))
        return
    if told.capability is None:
        show_line(f"{party} has not read its devices yet", "yellow")
    else:
        show_line(f"{party}, revision {told.capability.revision}", "bold")
        show_table(_HEADINGS, _rows(told.capability))
    for line in _sentences(told):
        show_line(line)


async def _capability(operator: "Operator", domain: str | None, party: str) -> Capability | None:
    reply = accepted(await operator.request(domain, Verb.GET, Noun.CONFIG, ids=(party,)))
    if not isinstance(reply.body, EndDeviceConfig):
        raise RemoteProtocolError("1.7", f"{party} has not told what it can do")
    return reply.body.capability


async def _status(
    operator: "Operator", domain: str | None, party: str, events: tuple[str, ...]
) -> tuple[tuple[Answer, ...], tuple[Status, ...]]:
    """Return answers and status, asked for page by page."""
    answers: tuple[Answer, ...] = ()
    statuses: tuple[Status, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    while True:
        reply = accepted(
            await operator.request(
                domain, Verb.GET, Noun.EVENTS, ids=(party, *events), options=options
            )
        )
        if not isinstance(reply.body, EndDeviceEvents):
            return answers, statuses
        found = [a.event for a in reply.body.answers]
        found += [s.event for s in reply.body.statuses if s.event]
        answers += reply.body.answers
        statuses += reply.body.statuses
        if not found or MORE not in {error.code for error in reply.errors}:
            return answers, statuses
        options = ((AFTER, max(found)),)


def _rows(capability: Capability) -> Iterator[tuple[str, ...]]:
    for each in capability.resources:
        yield (
            each.id,
            each.kind,
            each.state.value,
            signed_kw(each.power_w),
            kilowatts(each.increase_w),
            kilowatts(each.decrease_w),
        )


def _sentences(told: _Told) -> Iterator[str]:
    """Yield how each event stands, and what was answered to it."""
    stages = {each.event: each.type.stage for each in told.statuses if each.event}
    words = {event: stage.value for event, stage in stages.items() if stage}
    said = {each.event: each for each in told.answers}
    if not words and not said:
        yield "it knows of no event that may still act"
    for event in sorted({*words, *said}):
        answer = said.get(event)
        promised = f" {signed_kw(answer.power_w)}" if answer and answer.power_w else ""
        reason = f" ({answer.reason})" if answer and answer.reason else ""
        word = f"{answer.opt.value}{promised}{reason}" if answer else "not answered"
        yield f"event {event}: {word}" + (f", {words[event]}" if event in words else "")
