"""Events, answers and statuses as hypothesis strategies."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.properties.strategies.basics import (
    ALNUM,
    counts,
    domains,
    energies,
    event_ids,
    few,
    flexibilities,
    instants,
    intervals,
    names,
    powers,
    resource_ids,
    texts,
    uuids,
)
from xmpp_cem.messages.controls import EventIndex, IndexEntry
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Change, Event, EventStatus, Mode, Order, Targets
from xmpp_cem.model.reading import Quality
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
    Targets, resources=few(resource_ids), kinds=few(names(ALNUM + "._-", 32))
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
        randomise_s=draw(st.none() | st.just(0) | st.integers(0, 1800)),
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
    above=few(names(ALNUM + "_-", 64)),
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
    quality=st.none() | st.sampled_from(Quality),
)
