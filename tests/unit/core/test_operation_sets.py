import pytest

from xmpp_cem.core.effects import Ignore, Remember, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.operation_sets import answer_operations
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    Header,
    Noun,
    Operation,
    OperationSet,
    ReplyError,
    RequestMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import HOST, NOW, Domain, capability, make_event, of_kind, reply_in


@pytest.fixture
def domain():
    made = Domain("a")
    made.lead()
    return made


def asked(*operations, source="a", keeps_sequence=False):
    header = Header(
        verb=Verb.EXECUTE,
        noun=Noun.OPERATION_SET,
        message_id=derived_id(operations),
        timestamp=NOW,
        source=source,
    )
    several = OperationSet(operations=operations, keeps_sequence=keeps_sequence)
    message = RequestMessage(header=header, operations=several)
    sender = Jid(f"{source}@{HOST}", "ven")
    return RequestArrived(Link.LOWER, sender, "t", message)


def registration(number, party="a"):
    body = EndDeviceConfig(party=party, capability=capability(4000))
    return Operation(id=number, verb=Verb.CREATE, noun=Noun.CONFIG, body=body)


def call(number, power_w):
    event = make_event(number, signal=Delta(power_w=power_w))
    body = EndDeviceControls(events=(event,))
    return Operation(id=number, verb=Verb.CREATE, noun=Noun.CONTROLS, body=body)


READINGS = Operation(id=9, verb=Verb.CREATE, noun=Noun.READINGS, body=MeterReadings(readings=()))


def test_all_operations_are_done_and_answered_at_once(domain):
    effects = domain.tell(asked(registration(1), READINGS))
    reply = reply_in(effects)
    assert (reply.result, reply.errors) == (Result.OK, ())
    assert reply.header.noun is Noun.OPERATION_SET
    assert domain.vtn.members["a"].capability.decrease_w == 4000
    assert of_kind(effects, Remember)


def test_each_that_failed_is_named_and_the_others_are_done(domain):
    refused = Operation(id=5, verb=Verb.CANCEL, noun=Noun.CONTROLS)
    reply = reply_in(domain.tell(asked(refused, registration(6), registration(7, "b"))))
    assert reply.result is Result.PARTIAL
    assert [(e.operation, e.code) for e in reply.errors] == [(5, "7.5"), (7, "1.7")]
    assert domain.vtn.members["a"].capability.decrease_w == 4000


def test_a_set_that_keeps_its_sequence_stops_at_the_first_that_fails(domain):
    refused = Operation(id=5, verb=Verb.CANCEL, noun=Noun.CONTROLS)
    reply = reply_in(domain.tell(asked(refused, registration(6), keeps_sequence=True)))
    assert reply.result is Result.FAILED
    assert [(e.operation, e.code) for e in reply.errors] == [(5, "7.5"), (6, "5.2")]
    assert domain.vtn.members["a"].capability is None


def test_what_was_done_in_part_does_not_stop_a_sequence(domain):
    domain.register("a", 4000, -5)
    domain.presence("a", seconds=-4)
    reply = reply_in(
        domain.tell(asked(call(1, -9000), call(2, -100), source="op", keeps_sequence=True))
    )
    assert reply.result is Result.PARTIAL
    assert [(e.operation, e.code) for e in reply.errors if e.operation == 1] == [(1, "0.2")]
    assert "5.2" not in [e.code for e in reply.errors]
    assert len(domain.vtn.dispatching.dispatches) == 2


@pytest.mark.parametrize("result", list(Result))
def test_results_and_not_errors_say_how_a_set_ended(result):
    """A success may carry an error 0.0, and a failure none at all (IEC 61968-100 Reply)."""
    letters = Letters("vtn")
    errors = (ReplyError(code="0.0"),) if result is Result.OK else ()

    def handle(what):
        reply = letters.reply(what.message, NOW, result=result, errors=errors)
        return [Respond(what.link, what.token, reply)]

    several = asked(registration(1), registration(2), keeps_sequence=True)
    reply = reply_in(answer_operations(several, handle, letters, NOW))
    assert reply.result is result


def test_what_is_answered_later_is_not_attempted_in_a_set(domain):
    nodes = Operation(id=3, verb=Verb.EXECUTE, noun=Noun.NODES)
    reply = reply_in(domain.tell(asked(nodes, source="op")))
    assert [(e.operation, e.code) for e in reply.errors] == [(3, "5.2")]
    assert reply.result is Result.FAILED


def test_operators_cancel_by_the_event_in_the_payload(domain):
    domain.register("a", 4000, -5)
    domain.presence("a", seconds=-4)
    event = make_event()
    create = Operation(
        id=1, verb=Verb.CREATE, noun=Noun.CONTROLS, body=EndDeviceControls(events=(event,))
    )
    cancel = create.model_copy(update={"id": 2, "verb": Verb.CANCEL})
    reply = reply_in(domain.tell(asked(create, cancel, source="op")))
    assert [e.code for e in reply.errors if e.operation == 2] == []
    (dispatch,) = domain.vtn.dispatching.dispatches.values()
    assert dispatch.event.status is EventStatus.CANCELLED


def test_strangers_get_nothing(domain):
    effects = domain.tell(asked(registration(1), source="stranger"))
    assert of_kind(effects, Ignore) == [Ignore(Link.LOWER, "t")]
