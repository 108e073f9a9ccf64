"""Messages and presence values as hypothesis strategies, small enough to fit on the wire."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from xmpp_cem.messages.configuration import Admission, DomainCard, EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex, IndexEntry
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
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.naming import FaultyObject, IdKind, NamedId
from xmpp_cem.messages.operations import (
    DispatchRecord,
    DomainMembers,
    DomainNodes,
    MemberEntry,
    MemberShare,
    NodeEntry,
    RefusalEntry,
    SettlementEvidence,
    WaitingEntry,
)
from xmpp_cem.messages.readings import GetMeterReadings, MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.event import Change, Event, EventStatus, Mode, Order, Targets
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.node import Uplink
from xmpp_cem.model.programme import (
    BaselineMethod,
    Consent,
    DailyWindow,
    Day,
    Enrolment,
    LossRule,
    OverrideRule,
    Programme,
)
from xmpp_cem.model.reading import READINGS, Quality, Reading
from xmpp_cem.model.reading_type import LARGEST_CODE, ReadingType
from xmpp_cem.model.resource import Capability, Failsafe, Resource, ResourceState
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.signal import (
    ChargeState,
    Delta,
    Direction,
    Level,
    Limit,
    Phase,
    Place,
    Price,
    Share,
    TargetPower,
)
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.stated import Stated
from xmpp_cem.model.text import one_line
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.rules import ACTIONS, NEED_BODY, PAST

XML_CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)


def few(items, least=0):
    return st.lists(items, min_size=least, max_size=3).map(tuple)


def texts(longest=40):
    return st.text(XML_CHARACTERS, max_size=longest)


labels = st.text(XML_CHARACTERS, min_size=1, max_size=40).map(one_line)


def names(characters, longest):
    return st.text(characters, min_size=1, max_size=longest)


_ALNUM = "abcXYZ0189"
uuids = st.uuids().map(str)
event_ids = uuids | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True)
counts = st.integers(0, 2**53)
powers = st.integers(-(10**12), 10**12)
flexibilities = st.integers(0, 10**12)
energies = st.integers(0, 10**15)
millivolts = st.integers(0, 10**9)
instants = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
domains = names("abyz09-", 32)
parties = names(_ALNUM + "._-", 64)
resource_ids = names(_ALNUM + "._:-", 64)


@st.composite
def intervals(draw):
    start = draw(instants)
    length = draw(
        st.one_of(
            st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)),
            st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
        )
    )
    return Interval(start=start, end=start + length)


orders = st.builds(Order, epoch=counts, modification=st.integers(0, 2**31))
places = st.sampled_from(Place)
shares_of_capability = st.builds(
    Share,
    direction=st.sampled_from(["decrease", "increase"]),
    multiplier=st.decimals(0, 1, places=9),
    basis=instants,
)
signals = st.one_of(
    st.builds(Delta, power_w=powers),
    shares_of_capability,
    st.builds(TargetPower, power_w=powers, at=places),
    st.builds(
        Limit,
        limit_w=flexibilities,
        direction=st.sampled_from(Direction),
        phase=st.none() | st.sampled_from(Phase),
        is_mandatory=st.booleans(),
        at=places,
    ),
    st.builds(
        Price,
        per_kwh=st.decimals(-(10**6), 10**6, places=6),
        currency=st.sampled_from(["EUR", "USD", "JPY"]),
    ),
    st.builds(Level, level=st.integers(0, 3)),
    st.builds(ChargeState, stored_wh=energies),
)
targets = st.just(Targets()) | st.builds(
    Targets, resources=few(resource_ids), kinds=few(names(_ALNUM + "._-", 32))
)
programme_ids = names("abyz09-", 32)


@st.composite
def changes(draw, active, signal):
    """A signal of the same kind at one or two instants within the event."""
    steps = active.duration // 3
    if steps < timedelta(microseconds=1) or draw(st.booleans()):
        return ()
    alike = signals.filter(lambda other: other.kind == signal.kind)
    starts = [active.start + steps, active.start + 2 * steps][: draw(st.integers(1, 2))]
    return tuple(Change(start=start, signal=draw(alike)) for start in starts)


@st.composite
def events(draw):
    active = draw(intervals())
    early = draw(st.timedeltas(timedelta(0), timedelta(days=1)))
    latest = active.end.replace(year=max(active.end.year, 3))
    signal = draw(signals)
    return Event(
        id=draw(event_ids),
        order=draw(orders),
        status=draw(st.sampled_from(EventStatus)),
        mode=draw(st.sampled_from(Mode)),
        priority=draw(st.integers(0, 255)),
        active=active,
        signal=signal,
        changes=draw(changes(active, signal)),
        targets=draw(targets),
        programme=draw(st.none() | programme_ids),
        randomise_s=draw(st.just(0) | st.integers(0, 1800)),
        ramp_s=draw(st.just(0) | st.integers(0, 86400)),
        recovery_s=draw(st.just(0) | st.integers(0, 86400)),
        created=draw(instants),
        answer_by=min(active.end, latest - early),
        wants_answer=draw(st.sampled_from([True, True, False])),
        reason=draw(texts(256)),
    )


indexes = st.builds(
    EventIndex,
    domain=domains,
    epoch=counts,
    version=counts,
    at=instants,
    heartbeat_s=st.integers(1, 300),
    above=few(names(_ALNUM + "_-", 64)),
    entries=few(
        st.builds(
            IndexEntry,
            event=event_ids,
            order=orders,
            digest=st.text("0123456789abcdef", min_size=64, max_size=64),
        )
    ),
)
answers = st.builds(
    Answer,
    id=uuids,
    event=event_ids,
    order=orders,
    opt=st.sampled_from(Opt),
    power_w=powers,
    revision=counts,
    sequence=st.integers(1, 2**53),
    at=instants,
    until=st.none() | instants,
    reason=texts(),
) | st.builds(
    Answer,
    id=uuids,
    event=event_ids,
    order=orders,
    opt=st.just(Opt.OUT),
    power_w=st.just(0),
    revision=counts,
    sequence=st.integers(1, 2**53),
    at=instants,
    code=st.sampled_from(["1.7", "1.8", "2.13", "2.29", "4.1", "6.1"]),
    reason=texts(),
)
whole_answers = answers.map(
    lambda answer: answer.model_copy(
        update={"opt": Opt.IN, "power_w": 0, "is_whole": True, "code": None}
    )
)
"""Yes to all that is asked, without watts of its own."""
statuses = st.builds(
    Status,
    id=uuids,
    type=st.sampled_from(StatusType),
    at=instants,
    event=st.none() | event_ids,
    power_w=st.none() | powers,
    reason=texts(),
    expected=st.none() | st.integers(0, 2**31),
    reporting=st.none() | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.none() | st.integers(0, 1000),
)
few_windows = st.shared(st.lists(intervals(), min_size=1, max_size=2), key="windows")
readings = st.builds(
    Reading,
    resource=st.sampled_from(["pv-1", "ev:2"]) | resource_ids,
    window=few_windows.flatmap(st.sampled_from),
    power_w=powers,
    instant_w=st.none() | powers,
    import_wh=st.none() | energies,
    export_wh=st.none() | energies,
    import_delta_wh=st.none() | energies,
    export_delta_wh=st.none() | energies,
    reactive_var=st.none() | powers,
    voltage_a_mv=st.none() | millivolts,
    voltage_b_mv=st.none() | millivolts,
    voltage_c_mv=st.none() | millivolts,
    state_of_charge_permille=st.none() | st.integers(0, 1000),
    power_factor_permille=st.none() | st.integers(-1000, 1000),
    quality=st.sampled_from(Quality),
    revision=st.just(0) | counts,
    expected=st.just(1) | st.integers(0, 2**31),
    reporting=st.just(1) | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.just(0) | st.integers(0, 1000),
)
queries = st.builds(
    GetMeterReadings,
    devices=few(resource_ids),
    types=few(st.sampled_from(list(READINGS.values()))),
    interval=st.none() | intervals(),
)
_numbers = st.integers(0, 60) | st.integers(0, LARGEST_CODE)
reading_types = st.fixed_dictionaries(
    {name: _numbers for name in ReadingType.model_fields if name != "multiplier"}
    | {"multiplier": st.integers(-LARGEST_CODE, LARGEST_CODE)}
).map(ReadingType.model_validate)
offers = st.builds(
    Offered,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    per_kwh=st.decimals(-(10**6), 10**6, places=6),
    currency=st.sampled_from(["EUR", "GBP"]),
    until=instants,
)
_in_our_time = (datetime(2000, 1, 2), datetime(2198, 1, 1))  # noqa: DTZ001 two local times


def _forecast(start, lengths, able):
    """Return windows one after the other."""
    bounds = [start, *(start + sum(lengths[: n + 1], timedelta()) for n in range(len(lengths)))]
    return tuple(
        Forecast(window=Interval(start=a, end=b), power_w=able, increase_w=abs(able), decrease_w=n)
        for n, (a, b) in enumerate(itertools.pairwise(bounds))
    )


forecasts = st.builds(
    _forecast,
    st.datetimes(*_in_our_time, timezones=st.just(UTC)),
    st.lists(st.timedeltas(timedelta(microseconds=1), timedelta(days=2)), max_size=2),
    powers,
)
resources = st.builds(
    Resource,
    id=resource_ids,
    kind=texts(32),
    state=st.sampled_from(ResourceState),
    power_w=powers,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    stored_wh=st.none() | energies,
    rated_import_w=st.none() | flexibilities,
    rated_export_w=st.none() | flexibilities,
    charge_permille=st.none() | st.integers(0, 1000),
    needed_wh=st.none() | energies,
    departs=st.none() | instants,
    committed_w=st.just(0) | powers,
    expected=st.none() | st.integers(0, 2**31),
    reporting=st.none() | st.integers(0, 2**31),
    oldest=st.none() | instants,
    offered=st.none() | offers,
    forecast=st.just(()) | forecasts,
)
failsafes = st.builds(
    Failsafe, import_w=flexibilities, export_w=flexibilities, after_s=st.integers(0, 2**31)
)
capabilities = st.builds(
    Capability,
    revision=counts,
    at=instants,
    resources=few(resources),
    failsafe=st.none() | failsafes,
)
admissions = st.builds(
    Admission,
    domain=domains,
    service=texts(),
    events=few(texts()),
    reports=texts(),
    uplink=st.sampled_from(Uplink),
    watchers=few(texts()),
    report_every_s=st.integers(1, 86400),
    confirmed=counts,
)
wall_times = st.times().map(lambda each: each.replace(microsecond=0, fold=0))
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu"])
seasons = st.builds(
    lambda start, length: Interval(start=start, end=start + length),
    st.datetimes(*_in_our_time, timezones=st.just(UTC)),
    st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
)
programmes = st.builds(
    Programme,
    id=programme_ids,
    version=st.integers(1, 2**31),
    title=texts(),
    valid=seasons,
    zone=zones,
    windows=few(
        st.builds(DailyWindow, days=few(st.sampled_from(Day)), start=wall_times, end=wall_times)
    ),
    notice_s=st.integers(0, 2592000),
    longest_s=st.integers(1, 31622400),
    gap_s=st.integers(0, 31622400),
    calls_per_day=st.none() | st.integers(0, 1000),
    calls_per_season=st.none() | st.integers(0, 10**6),
    seconds_per_day=st.none() | st.integers(0, 172800),
    seconds_per_season=st.none() | st.integers(0, 31622400),
    override=st.sampled_from(OverrideRule),
    silence=st.sampled_from(Opt),
    baseline=st.sampled_from(BaselineMethod),
    on_loss=st.sampled_from(LossRule),
    loss_after_s=st.integers(10, 86400),
)
enrolments = st.builds(
    Enrolment,
    programme=programme_ids,
    party=parties,
    resource=resource_ids,
    valid=intervals(),
    consent=st.none()
    | st.builds(Consent, is_given=st.booleans(), version=st.integers(1, 2**31), at=instants),
)
schedules = st.builds(
    OptSchedule,
    id=uuids,
    opt=st.sampled_from(Opt),
    resources=few(resource_ids),
    programme=st.none() | programme_ids,
    zone=zones,
    start=st.datetimes(*_in_our_time).map(lambda each: each.replace(microsecond=0, fold=0)),
    duration_s=st.integers(1, 604800),
    rule=st.sampled_from(["", "FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,FR;COUNT=9"]),
    reason=texts(),
)
stated = st.builds(
    Stated,
    power_w=powers,
    expected=st.integers(0, 2**31),
    reporting=st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.integers(0, 1000),
    made=instants,
)
shares = st.builds(
    MemberShare,
    party=parties,
    availability=st.sampled_from(Availability),
    asked_w=powers,
    opt=st.none() | st.sampled_from(Opt),
    promised_w=powers,
    baseline_w=st.none() | powers,
    delivered_w=st.none() | powers,
    reason=texts(),
    asked=st.none() | signals,
    counted_w=st.none() | flexibilities,
    alarm=texts(),
    stage=st.none() | st.sampled_from(Stage),
    stage_at=st.none() | instants,
    until=st.none() | instants,
    stated=st.none() | stated,
)
members = st.builds(
    MemberEntry,
    party=parties,
    account=texts(),
    availability=st.sampled_from(Availability),
    power_w=powers,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    committed_w=st.just(0) | powers,
    resources=few(resources),
    revision=counts,
    last_heard=st.none() | instants,
    standing=st.none() | st.sampled_from(Standing),
    since=st.none() | instants,
    expected=st.none() | st.integers(0, 2**31),
    reporting=st.none() | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.none() | st.integers(0, 1000),
    findings=few(texts()),
    refusals=few(
        st.builds(
            RefusalEntry,
            at=instants,
            code=st.from_regex(r"[0-9]\.[0-9]{1,2}", fullmatch=True),
            reason=texts(),
        )
    ),
)
waiting = st.builds(
    WaitingEntry,
    account=texts(),
    first=instants,
    last=instants,
    times=st.integers(1, 2**31),
    note=texts(),
)
nodes = st.builds(
    NodeEntry,
    name=texts(),
    was_created=st.booleans(),
    was_repaired=st.booleans(),
    drift=few(texts()),
)
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
        path=few(names(_ALNUM + "_-", 64)),
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
