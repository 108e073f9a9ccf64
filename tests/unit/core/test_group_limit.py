import dataclasses

import pytest

from xmpp_cem.core.call import Call
from xmpp_cem.core.effects import Transact
from xmpp_cem.core.inputs import AccountRevoked, Link, RequestArrived, Started, TimerFired
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.dispatch.limiting import SILENT_AFTER
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Change
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability, Failsafe, Resource, ResourceState
from xmpp_cem.model.signal import Delta, Direction, Limit, Place
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, Domain, arrived, at, of_kind, request

EVENT = derived_id("limit")
ACTIVE = Interval(start=at(20), end=at(3600))
FAILSAFE = Failsafe(import_w=4000, export_w=0, after_s=300)
RATED = {"a": 10_000, "b": 20_000, "c": 30_000}


def limit(limit_w=30_000, **changes):
    return Limit(limit_w=limit_w, direction=Direction.IMPORT, at=Place.CONNECTION_POINT, **changes)


def call(signal, **changes):
    return Call(event=EVENT, signal=signal, active=ACTIVE, answer_by=at(10), **changes)


def led(**settings):
    """A domain of a, b and c, rated 10, 20 and 30 kW; c keeps 4 kW by itself when it is lost."""
    domain = Domain(*RATED)
    domain.settings = dataclasses.replace(domain.settings, **settings)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    for member in RATED:
        register(domain, member)
        domain.presence(member, seconds=-5)
    return domain


def register(domain, member, revision=1, seconds=-5.0, **changes):
    rated_w = RATED[member]
    resource = Resource(
        id=member, kind="ev", increase_w=rated_w, rated_import_w=rated_w
    ).model_copy(update=changes)
    failsafe = FAILSAFE if member == "c" else None
    able = Capability(revision=revision, at=at(seconds), resources=(resource,), failsafe=failsafe)
    body = EndDeviceConfig(party=member, capability=able)
    domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), seconds)


@pytest.fixture
def domain():
    return led()


def parts(domain):
    return domain.vtn.dispatching.parts[EVENT]


def told(domain):
    return {p: part.told[0].limit_w for p, part in parts(domain).items() if part.told}


def counted(domain):
    found = {p: part.counted_w for p, part in parts(domain).items()}
    return {p: w for p, w in found.items() if w is not None}


def answer(domain, member, opt=Opt.IN, seconds=5.0, sequence=1):
    part = parts(domain)[member]
    made = Answer(
        id=derived_id(member),
        event=derived_id("share", EVENT, member),
        order=part.order,
        opt=opt,
        power_w=0,
        revision=1,
        sequence=sequence,
        at=at(seconds),
    )
    body = EndDeviceEvents(answers=(made,))
    message = request(Verb.CREATE, Noun.EVENTS, member, body)
    return domain.tell(arrived(message, member), seconds)


def create(domain, signal, **changes):
    effects = domain.vtn.dispatching.create(call(signal, **changes), at(0))
    return effects + domain.vtn.publish_changes(at(0))


def all_in(domain, seconds=5.0, sequence=1):
    for member in RATED:
        answer(domain, member, seconds=seconds, sequence=sequence)


def test_each_member_gets_a_limit_of_its_own_and_all_together_keep_the_group_s(domain):
    effects = create(domain, limit(30_000))
    assert told(domain) == {"a": 5000, "b": 10_000, "c": 15_000}
    sent = of_kind(effects, Transact)
    assert {e.to.bare.partition("@")[0] for e in sent} == set(RATED)
    events = [e.message.body.events[0] for e in sent]
    assert {event.signal.limit_w for event in events} == {5000, 10_000, 15_000}
    assert not any(isinstance(event.signal, Delta) for event in events)
    assert domain.vtn.dispatching.index() == ()


def test_who_says_no_counts_at_its_rated_power(domain):
    create(domain, limit(30_000))
    answer(domain, "a", Opt.OUT)
    assert counted(domain) == {"a": 10_000}
    assert told(domain)["b"] + told(domain)["c"] == 20_000
    assert domain.vtn.dispatching.dispatches[EVENT].excess_w == 0


def test_what_cannot_be_kept_is_said(domain):
    create(domain, limit(5000))
    answer(domain, "a", Opt.OUT)
    dispatch = domain.vtn.dispatching.dispatches[EVENT]
    assert dispatch.excess_w == 5000
    assert told(domain) == {"a": 833, "b": 0, "c": 0}
    assert "may be exceeded by 5000 W" in dispatch.why


def test_a_lost_member_counts_with_what_it_was_told_until_its_failsafe_must_hold(domain):
    create(domain, limit(30_000))
    all_in(domain)
    domain.presence("c", Availability.UNREACHABLE, 30)
    assert counted(domain) == {"c": 15_000}
    domain.presence("a", seconds=320)
    domain.tell(domain_tick(), 320)
    assert counted(domain) == {"c": 4000}
    assert told(domain)["a"] + told(domain)["b"] == 26_000


def domain_tick():
    return TimerFired("vtn/heartbeat")


def test_a_lost_member_without_a_failsafe_counts_at_its_rated_power(domain):
    create(domain, limit(30_000))
    all_in(domain)
    domain.presence("a", Availability.UNREACHABLE, 30)
    assert counted(domain) == {"a": 10_000}
    assert told(domain)["b"] + told(domain)["c"] == 20_000


def test_a_member_whose_owner_holds_it_counts_at_its_rated_power_also_where_it_may_not_say_no(
    domain,
):
    create(domain, limit(30_000, is_mandatory=True))
    all_in(domain)
    held = {"state": ResourceState.OPTED_OUT, "increase_w": 0}
    register(domain, "b", revision=2, seconds=30, **held)
    domain.tell(domain_tick(), 32)
    assert counted(domain) == {"b": 20_000}
    assert (told(domain)["a"], told(domain)["c"]) == (2500, 7500)
    answer(domain, "a", seconds=33, sequence=2)
    answer(domain, "c", seconds=33, sequence=2)
    register(domain, "b", revision=3, seconds=40)
    domain.tell(domain_tick(), 42)
    assert counted(domain) == {}
    assert told(domain) == {"a": 5000, "b": 10_000, "c": 15_000}


def keep(domain, member, kept_w, seconds):
    """Let the owner keep a part of what a member has."""
    kept = Resource(id="kept", kind="ev", rated_import_w=kept_w, state=ResourceState.OPTED_OUT)
    free = Resource(id="free", kind="ev", rated_import_w=RATED[member] - kept_w)
    able = Capability(revision=int(seconds), at=at(seconds), resources=(kept, free))
    body = EndDeviceConfig(party=member, capability=able)
    domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), seconds)
    domain.tell(domain_tick(), seconds + 2)


def test_what_an_owner_keeps_comes_first_and_the_rest_of_the_member_takes_its_part(domain):
    create(domain, limit(30_000, is_mandatory=True))
    all_in(domain)
    keep(domain, "b", 12_000, 30)
    assert (told(domain)["a"], told(domain)["c"]) == (3750, 11_250)
    assert told(domain)["b"] == 10_000  # it rises when the others have confirmed theirs
    answer(domain, "a", seconds=33, sequence=2)
    answer(domain, "c", seconds=33, sequence=2)
    domain.tell(domain_tick(), 35)
    assert told(domain) == {"a": 3750, "b": 15_000, "c": 11_250}
    assert counted(domain) == {}


def test_what_owners_keep_beyond_a_limit_is_its_excess(domain):
    create(domain, limit(8000))
    all_in(domain)
    keep(domain, "b", 12_000, 30)
    answer(domain, "a", seconds=33, sequence=2)
    answer(domain, "c", seconds=33, sequence=2)
    domain.tell(domain_tick(), 35)
    assert told(domain) == {"a": 0, "b": 8000, "c": 0}
    assert domain.vtn.dispatching.dispatches[EVENT].excess_w == 4000


def test_a_member_that_comes_back_gets_a_limit_again(domain):
    create(domain, limit(30_000))
    all_in(domain)
    domain.presence("a", Availability.UNREACHABLE, 30)
    answer(domain, "b", seconds=31, sequence=2)
    answer(domain, "c", seconds=31, sequence=2)
    domain.presence("a", seconds=40)
    domain.tell(domain_tick(), 42)
    assert counted(domain) == {}
    assert sum(told(domain).values()) <= 30_000


def test_nobody_s_limit_rises_before_those_that_fall_have_confirmed(domain):
    create(domain, limit(30_000))
    all_in(domain)
    domain.presence("b", Availability.UNREACHABLE, 30)
    domain.tell(domain_tick(), 32)
    assert (told(domain)["a"], told(domain)["c"]) == (2500, 7500)
    domain.presence("b", seconds=34)
    domain.tell(domain_tick(), 36)
    # a and c have not confirmed 2.5 and 7.5 kW, so they may still take 5 and 15 kW.
    standing = {p: max(part.standing_w) for p, part in parts(domain).items()}
    assert sum(max(told(domain)[p], standing[p]) for p in RATED) <= 30_000


def test_who_keeps_silent_counts_at_its_rated_power(domain):
    create(domain, limit(30_000))
    answer(domain, "a")
    answer(domain, "b")
    later = SILENT_AFTER.total_seconds() + 1
    domain.tell(domain_tick(), later)
    assert counted(domain) == {"c": 30_000}
    assert told(domain)["a"] == told(domain)["b"] == 0


def test_load_that_nobody_answers_for_takes_its_part_first():
    domain = led(unmanaged_import_w=12_000)
    create(domain, limit(30_000))
    assert sum(told(domain).values()) == 18_000


def test_a_limit_at_the_terminals_is_the_members_alone():
    domain = led(unmanaged_import_w=12_000)
    create(domain, limit(30_000).model_copy(update={"at": Place.TERMINALS}))
    assert sum(told(domain).values()) == 30_000


def test_metered_load_counts_with_a_reserve_and_is_followed():
    domain = Domain(*RATED, "meter")
    domain.settings = dataclasses.replace(domain.settings, connection_point="meter")
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    for member, rated_w in RATED.items():
        resource = Resource(id=member, kind="ev", increase_w=rated_w, rated_import_w=rated_w)
        able = Capability(revision=1, at=at(-5), resources=(resource,))
        body = EndDeviceConfig(party=member, capability=able)
        domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, member, body), member), -5)
        domain.presence(member, seconds=-5)
    assert "meter has not told" in domain.vtn.dispatching.dividing.why_unmetered()
    report(domain, 8000, -10)
    create(domain, limit(30_000))
    assert sum(told(domain).values()) == 30_000 - 8000 - 300
    all_in(domain)
    report(domain, 8200, 10)
    domain.tell(domain_tick(), 12)
    assert sum(told(domain).values()) == 30_000 - 8000 - 300
    report(domain, 15_000, 20)
    domain.tell(domain_tick(), 22)
    assert sum(told(domain).values()) == 30_000 - 15_000 - 300


def report(domain, power_w, start):
    window = Interval(start=at(start), end=at(start + 10))
    domain.vtn.metering.take("meter", (Reading(resource="m", window=window, power_w=power_w),))


def test_a_limit_that_changes_within_the_event_is_divided_for_each_time(domain):
    changes = (Change(start=at(1800), signal=limit(12_000)),)
    create(domain, limit(30_000), changes=changes)
    assert {p: [x.limit_w for x in part.told] for p, part in parts(domain).items()} == {
        "a": [5000, 2000],
        "b": [10_000, 4000],
        "c": [15_000, 6000],
    }
    shown = domain.vtn.dispatching.record(domain.vtn.dispatching.dispatches[EVENT], at(1900))
    assert shown.asked == limit(12_000)
    assert [share.asked.limit_w for share in shown.shares] == [2000, 4000, 6000]


def test_another_limit_by_the_operator_is_another_version_for_all(domain):
    create(domain, limit(30_000))
    all_in(domain)
    domain.vtn.dispatching.modify(call(limit(60_000)), "more", at(30))
    assert {part.order.modification for part in parts(domain).values()} == {1}
    assert sum(told(domain).values()) == 60_000


def test_changes_of_power_stay_inside_the_limits_in_force(domain):
    create(domain, limit(30_000))
    all_in(domain)
    rise = dataclasses.replace(call(Delta(power_w=60_000)), event=derived_id("rise"))
    domain.vtn.dispatching.create(rise, at(6))
    asked = {
        p: part.asked_w for p, part in domain.vtn.dispatching.parts[derived_id("rise")].items()
    }
    assert asked == {"a": 5000, "b": 10_000, "c": 15_000}
    dispatch = domain.vtn.dispatching.dispatches[derived_id("rise")]
    assert domain.vtn.dispatching.expected_w(dispatch, at(6)) == 30_000


def test_an_alarm_is_kept_with_the_member_and_shown(domain):
    create(domain, limit(30_000, is_mandatory=True))
    status = Status(
        id=derived_id("alarm"),
        type=StatusType.FAILED,
        at=at(30),
        event=derived_id("share", EVENT, "a"),
        reason="local override: guests",
    )
    message = request(Verb.CREATE, Noun.EVENTS, "a", EndDeviceEvents(statuses=(status,)))
    asked: RequestArrived = arrived(message, "a")
    domain.tell(asked, 30)
    record = domain.vtn.dispatching.record(domain.vtn.dispatching.dispatches[EVENT], at(30))
    assert {s.party: s.alarm for s in record.shares if s.alarm} == {"a": "local override: guests"}


def test_a_member_that_never_registered_is_named():
    domain = led()
    domain.vtn._state.members["b"] = domain.vtn.members["b"].model_copy(update={"capability": None})
    create(domain, limit(30_000))
    assert "never registered: b" in domain.vtn.dispatching.dispatches[EVENT].why


def test_what_a_member_is_told_survives_a_restart(domain):
    create(domain, limit(30_000))
    all_in(domain)
    again = Vtn(domain.settings)
    for member in domain.vtn.members.values():
        again.restore(member)
    again.restore(domain.vtn.dispatching.dispatches[EVENT])
    for part in parts(domain).values():
        again.restore(part)
    again.handle(Started(), at(30))
    assert again.dispatching.parts[EVENT] == parts(domain)
    known = again.dispatching.told("a")[0]
    assert known.signal == limit(5000)
    assert isinstance(EndDeviceControls(events=(known,)).events[0].signal, Limit)


def removed(domain, party):
    domain.tell(arrived(request(Verb.DELETE, Noun.MEMBERS, "op", None, (party,)), "op", "op"), 30)
    domain.tell(TimerFired(f"vtn/leave/{party}"), 38)
    domain.tell(AccountRevoked(Link.LOWER, f"{party}@{HOST}"), 39)


def test_who_is_expelled_in_a_limits_time_leaves_no_room_to_the_others(domain):
    create(domain, limit(30_000))
    all_in(domain)
    before = told(domain)
    removed(domain, "a")
    domain.vtn.dispatching.reconsider(EVENT, "again", at(60))
    after = told(domain)
    assert after["b"] + after["c"] <= before["b"] + before["c"]


def test_a_new_limit_is_divided_over_those_who_are_members(domain):
    removed(domain, "a")
    create(domain, limit(30_000))
    assert set(told(domain)) == {"b", "c"}
    assert sum(told(domain).values()) == 30_000


def test_what_is_known_of_a_former_member_is_not_taken_off_the_metered_power():
    domain = led(connection_point="meter")
    domain.vtn.restore(Member(party="meter", account=f"meter@{HOST}", is_commanded=True))
    report(domain, 8000, -10)
    window = Interval(start=at(-10), end=at(0))
    for party in ("a", "b"):
        reading = (Reading(resource="r", window=window, power_w=1000),)
        domain.vtn.metering.take(party, reading)
    removed(domain, "a")
    create(domain, limit(30_000))
    assert sum(told(domain).values()) == 30_000 - 7000 - 300
