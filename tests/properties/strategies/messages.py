"""Messages and presence values as hypothesis strategies, small enough to fit on the wire."""

from hypothesis import strategies as st

from tests.properties.strategies.basics import (
    ALNUM,
    counts,
    domains,
    event_ids,
    few,
    flexibilities,
    instants,
    intervals,
    labels,
    names,
    parties,
    powers,
    resource_ids,
    texts,
    uuids,
)
from tests.properties.strategies.events import (
    answers,
    events,
    indexes,
    orders,
    signals,
    statuses,
    whole_answers,
)
from tests.properties.strategies.operations import members, nodes, shares, stated, waiting
from tests.properties.strategies.readings import queries, readings
from tests.properties.strategies.resources import (
    admissions,
    capabilities,
    enrolments,
    programmes,
    schedules,
)
from xmpp_cem.messages.configuration import DomainCard, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import (
    EventMessage,
    FaultMessage,
    Header,
    Noun,
    Operation,
    OperationSet,
    ReplayDetection,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
    User,
    Verb,
)
from xmpp_cem.messages.envelope import Level as ErrorLevel
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.naming import FaultyObject, IdKind, NamedId
from xmpp_cem.messages.operations import (
    DispatchRecord,
    DomainMembers,
    DomainNodes,
    SettlementEvidence,
)
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.node import Uplink
from xmpp_cem.wire.rules import ACTIONS, NEED_BODY, PAST

bodies = {
    Noun.CONTROLS: st.builds(EndDeviceControls, events=few(events())),
    Noun.EVENTS: st.builds(
        EndDeviceEvents,
        answers=few(answers | whole_answers),
        statuses=few(statuses),
        schedules=few(schedules),
    ),
    Noun.READINGS: st.builds(MeterReadings, readings=few(readings)),
    Noun.CONFIG: st.builds(
        EndDeviceConfig,
        party=parties,
        capability=st.none() | capabilities,
        admission=st.none() | admissions,
        programmes=few(programmes),
        enrolments=few(enrolments),
        schedules=few(schedules),
    ),
    Noun.INDEX: indexes,
    Noun.CARD: st.builds(
        DomainCard,
        domain=domains,
        vtn=texts(),
        service=texts(),
        profile=texts(),
        version=texts(32),
        uplink=st.sampled_from(Uplink),
    ),
    Noun.DISPATCH: st.builds(
        DispatchRecord,
        domain=domains,
        event=event_ids,
        upper=st.none() | event_ids,
        order=orders,
        status=st.sampled_from(EventStatus),
        active=intervals(),
        target_w=powers,
        promised_w=powers,
        delivered_w=st.none() | powers,
        delivered_wh=powers,
        redivisions=st.integers(0, 2**31),
        asked=st.none() | signals,
        excess_w=st.none() | flexibilities,
        why=texts(),
        baseline=st.none() | stated,
        shares=few(shares),
    ),
    Noun.MEMBERS: st.builds(
        DomainMembers, domain=domains, members=few(members), waiting=few(waiting)
    ),
    Noun.NODES: st.builds(DomainNodes, domain=domains, nodes=few(nodes)),
    Noun.EVIDENCE: st.builds(
        SettlementEvidence,
        event=uuids,
        party=parties,
        resource=resource_ids,
        digest=st.text("0123456789abcdef", min_size=64, max_size=64),
        length=st.integers(1, 2**31),
        offset=st.integers(0, 2**31),
        text=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=40),
    ),
}
nouns = st.sampled_from(sorted(bodies))


def headers(verb, noun):
    return st.builds(
        Header,
        verb=st.just(verb),
        noun=st.just(noun),
        message_id=uuids,
        timestamp=instants,
        source=parties,
        revision=st.sampled_from(["cem-1.0", "cem-1.7"]),
        replay=st.none() | st.builds(ReplayDetection, nonce=labels, created=instants),
        context=st.none() | labels,
        wants_async=st.none() | st.booleans(),
        reply_address=st.none() | labels,
        wants_ack=st.none() | st.booleans(),
        user=st.none() | st.builds(User, id=labels, organization=st.none() | labels),
        correlation_id=st.none() | uuids,
        comment=st.none() | labels,
        trace=st.none() | texts(64),
        path=few(names(ALNUM + "_-", 64)),
        hop=st.integers(0, 8),
        expires=st.none() | instants,
        epoch=st.none() | counts,
        sequence=st.none() | counts,
    )


ids = st.builds(
    NamedId,
    text=texts(),
    type=st.none() | texts(),
    authority=st.none() | texts(),
    kind=st.none() | st.sampled_from(IdKind),
    object_type=st.none() | texts(),
)
ordinals = st.none() | counts


@st.composite
def operations(draw, number):
    noun = draw(nouns)
    verb = draw(st.sampled_from(sorted(ACTIONS[noun])))
    body = bodies[noun] if verb in NEED_BODY else st.none() | bodies[noun]
    return Operation(
        id=number, verb=verb, noun=noun, is_element=draw(st.booleans()), body=draw(body)
    )


@st.composite
def operation_sets(draw):
    numbers = draw(st.lists(counts, min_size=1, max_size=3, unique=True))
    return RequestMessage(
        header=draw(headers(Verb.EXECUTE, Noun.OPERATION_SET)),
        operations=OperationSet(
            keeps_sequence=draw(st.booleans()),
            operations=tuple(draw(operations(number)) for number in numbers),
        ),
    )


@st.composite
def requests(draw):
    noun = draw(nouns)
    verb = draw(st.sampled_from([Verb.GET, *sorted(ACTIONS[noun])]))
    body = bodies[noun] if verb in NEED_BODY else st.none() | bodies[noun]
    asks = (verb, noun) == (Verb.GET, Noun.READINGS)
    return RequestMessage(
        header=draw(headers(verb, noun)),
        start=draw(st.none() | instants),
        end=draw(st.none() | instants),
        ids=draw(few(ids)),
        options=draw(few(st.tuples(texts(), texts()))),
        query=draw(st.none() | queries if asks else st.none()),
        body=draw(body),
    )


reply_errors = st.builds(
    ReplyError,
    code=st.sampled_from(["0.0", "1.8", "2.29"]),
    reason=texts(),
    level=st.sampled_from(ErrorLevel),
    details=st.none() | labels,
    xpath=st.none() | st.sampled_from(["a", "Header"]),
    id=st.none() | ids,
    related_id=st.none() | ids,
    object=st.none() | st.builds(FaultyObject, mrid=labels, type=st.none() | labels),
    operation=ordinals,
)


@st.composite
def responses(draw):
    noun = draw(nouns)
    return ResponseMessage(
        header=draw(headers(Verb.REPLY, noun)),
        result=draw(st.sampled_from(Result)),
        errors=draw(few(reply_errors)),
        ids=draw(few(ids)),
        operation=draw(ordinals),
        body=draw(st.none() | bodies[noun]),
    )


@st.composite
def event_messages(draw):
    noun = draw(nouns)
    verb = PAST[draw(st.sampled_from(sorted(ACTIONS[noun])))]
    return EventMessage(header=draw(headers(verb, noun)), body=draw(bodies[noun]))


faults = st.builds(
    FaultMessage,
    result=st.sampled_from(Result),
    errors=few(reply_errors, least=1),
    ids=few(ids),
    operation=ordinals,
)
messages = st.one_of(requests(), operation_sets(), responses(), event_messages(), faults)
presences = st.one_of(
    st.builds(
        Offer,
        availability=st.sampled_from(Availability),
        capability=capabilities,
        sequence=counts,
        valid_until=instants,
        members=st.integers(0, 2**31),
        reachable=st.integers(0, 2**31),
    ),
    st.builds(Leadership, is_active=st.booleans(), epoch=counts),
)
