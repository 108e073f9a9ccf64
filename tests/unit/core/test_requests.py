from decimal import Decimal

import pytest

from xmpp_cem.core.access import Role, is_allowed
from xmpp_cem.core.effects import Ignore, Publish, VerifyNodes
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import DispatchRecord, DomainMembers
from xmpp_cem.messages.readings import GetMeterReadings, MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta, Direction, Limit, Price, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import (
    NOW,
    Domain,
    arrived,
    at,
    capability,
    events_in,
    make_event,
    of_kind,
    reply_in,
    request,
)
from xmpp_cem.wire.codec import encode


def ask(domain, verb, noun, body=None, ids=(), seconds=0.0):
    message = request(verb, noun, "operator", body, ids)
    return domain.tell(arrived(message, "op", "op"), seconds)


def create(domain, event=None, seconds=0.0):
    event = event or make_event(signal=Delta(power_w=-9000))
    return ask(domain, Verb.CREATE, Noun.CONTROLS, EndDeviceControls(events=(event,)), (), seconds)


def code_of(effects):
    return reply_in(effects).errors[0].code


def test_an_operator_creates_an_event_and_it_is_published_with_its_index(domain):
    effects = create(domain)
    assert reply_in(effects).result is Result.OK
    assert [e.signal.kind for e in events_in(effects)] == ["multiplier"]


def test_the_same_event_again_is_taken_and_published_once(domain):
    create(domain)
    again = create(domain, seconds=1)
    assert reply_in(again).result is Result.OK
    assert events_in(again) == []


def test_another_event_with_a_taken_id_is_refused(domain):
    create(domain)
    assert code_of(create(domain, make_event(signal=Delta(power_w=-1)))) == "2.15"


def test_what_members_cannot_do_is_said_at_once(domain):
    reply = reply_in(create(domain, make_event(signal=Delta(power_w=-90_000))))
    assert reply.result is Result.PARTIAL
    assert "18.0 kW of 90.0 kW" in reply.errors[0].reason


@pytest.mark.parametrize("seconds", [11, 81])
def test_an_event_that_nobody_can_answer_any_more_is_refused(domain, seconds):
    assert code_of(create(domain, seconds=seconds)) == "2.15"


def test_without_a_ready_member_an_event_is_refused(domain):
    for member in ("a", "b", "c"):
        domain.presence(member, Availability.UNREACHABLE)
    assert "no member" in reply_in(create(domain)).errors[0].reason


def test_an_event_is_cancelled_by_its_id_and_shown(domain):
    create(domain)
    event = make_event().id
    assert code_of(ask(domain, Verb.CANCEL, Noun.CONTROLS)) == "1.6"
    (cancelled,) = events_in(ask(domain, Verb.CANCEL, Noun.CONTROLS, ids=(event,), seconds=1))
    assert cancelled.is_cancelled
    shown = reply_in(ask(domain, Verb.GET, Noun.DISPATCH, ids=(event,), seconds=2)).body
    assert isinstance(shown, DispatchRecord)
    assert code_of(ask(domain, Verb.GET, Noun.DISPATCH, ids=(make_event(9).id,))) == "2.15"


def change(domain, event, seconds):
    body = EndDeviceControls(events=(event,))
    return ask(domain, Verb.CHANGE, Noun.CONTROLS, body, (), seconds)


def test_members_are_told_how_an_event_is_spread(domain):
    spread = {"randomise_s": 600, "ramp_s": 60, "recovery_s": 300}
    (told,) = events_in(create(domain, make_event(priority=7, **spread)))
    assert told.model_dump(include={"priority", *spread}) == {"priority": 7, **spread}


@pytest.mark.parametrize(
    ("event", "told_s"),
    [
        ({}, 600),
        ({"signal": TargetPower(power_w=-3600)}, 600),
        ({"active": Interval(start=at(20), end=at(20 + 1800))}, 300),
        ({"active": Interval(start=at(20), end=at(20 + 899))}, 0),
        ({"randomise_s": 0}, 0),
        ({"randomise_s": 1800}, 1800),
        ({"priority": 0}, 0),
        ({"signal": Price(per_kwh=Decimal("0.3"), currency="EUR")}, 0),
        ({"signal": Limit(limit_w=3600, direction=Direction.IMPORT)}, 0),
    ],
)
def test_long_changes_of_power_begin_at_random_unless_told(domain, event, told_s):
    an_hour = {"active": Interval(start=at(20), end=at(20 + 3600))}
    asked = make_event(**(an_hour | event))
    create(domain, asked)
    assert domain.vtn.dispatching.dispatches[asked.id].event.randomise_s == told_s


def test_how_an_event_begins_stands_when_it_is_changed_without_a_word_of_it(domain):
    an_hour = Interval(start=at(20), end=at(20 + 3600))
    create(domain, make_event(active=an_hour, randomise_s=90))
    (told,) = events_in(change(domain, make_event(active=an_hour, reason="why"), 5))
    assert (told.reason, told.randomise_s) == ("why", 90)
    (told,) = events_in(change(domain, make_event(active=an_hour, randomise_s=0), 6))
    assert told.randomise_s == 0


def test_an_event_is_changed_also_while_it_acts(domain):
    create(domain)
    longer = Interval(start=at(20), end=at(120))
    for member in ("a", "b", "c"):
        domain.answer(member, domain.vtn.dispatching.dispatches[make_event().id].event, -9000)
    changes = {"active": longer, "answer_by": at(60), "reason": "less, but longer"}
    wanted = make_event(signal=Delta(power_w=-3600), **changes)
    effects = change(domain, wanted, 40)
    assert reply_in(effects).result is Result.OK
    (published,) = events_in(effects)
    assert (published.order.modification, published.active) == (1, longer)
    assert str(published.signal.multiplier) == "0.200000000"
    assert events_in(change(domain, wanted, 41)) == []


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (make_event(9), "there is no event"),
        (make_event(signal=Delta(power_w=0)), "other than 0"),
        (make_event(signal=Delta(power_w=500)), "from decrease to increase"),
        (make_event(programme="peak"), "cannot leave its programme"),
    ],
)
def test_a_change_that_cannot_be_is_refused_with_its_reason(domain, event, why):
    create(domain)
    reply = reply_in(change(domain, event, 5))
    assert (reply.result, reply.errors[0].code) == (Result.FAILED, "2.15")
    assert why in reply.errors[0].reason


def test_members_are_listed_with_what_they_can_do(domain):
    body = reply_in(ask(domain, Verb.GET, Noun.MEMBERS)).body
    assert isinstance(body, DomainMembers)
    assert {m.party: m.decrease_w for m in body.members} == {"a": 3000, "b": 6000, "c": 9000}


def readings(domain, member, *numbers):
    made = [
        Reading(
            resource=resource,
            window=Interval(start=at(10 * number), end=at(10 * number + 10)),
            power_w=number,
        )
        for number in numbers
        for resource in ("r1", "r2")
    ]
    message = request(Verb.CREATE, Noun.READINGS, member, MeterReadings(readings=tuple(made)))
    return domain.tell(arrived(message, member), 10 * numbers[-1] + 10)


def ask_readings(domain, query=None, after=None, seconds=400):
    asked = request(Verb.GET, Noun.READINGS, "operator")
    options = () if after is None else (("after", after),)
    asked = asked.model_copy(update={"query": query, "options": options})
    reply = reply_in(domain.tell(arrived(asked, "op", "op"), seconds))
    found = [(r.resource, r.power_w) for r in reply.body.readings]
    return found, [error.code for error in reply.errors], reply.header


def test_an_operator_reads_the_members_totals_in_the_order_in_which_they_came(domain):
    readings(domain, "b", 1)
    readings(domain, "a", 1, 2)
    found, codes, header = ask_readings(domain)
    assert (found, codes) == ([("b", 2), ("a", 2), ("a", 4)], ["0.0"])
    readings(domain, "b", 0)
    found, codes, _ = ask_readings(domain, after=f"{header.epoch}.{header.sequence}")
    assert (found, codes) == ([("b", 0)], ["0.0"])


def test_an_operator_selects_readings_by_member_and_time(domain):
    readings(domain, "a", 1, 2, 3)
    readings(domain, "b", 2)
    interval = Interval(start=at(20), end=at(30))
    by_time = GetMeterReadings(interval=interval)
    assert ask_readings(domain, by_time)[:2] == ([("a", 4), ("b", 4)], ["0.0"])
    of_a = GetMeterReadings(devices=("a",), interval=interval)
    assert ask_readings(domain, of_a)[0] == [("a", 4)]


def test_many_readings_come_to_an_operator_in_pages(domain):
    for member in ("a", "b", "c"):
        readings(domain, member, *range(30))
    found, after, codes = [], None, ["0.1"]
    while codes == ["0.1"]:
        page, codes, header = ask_readings(domain, after=after)
        assert len(page) < 90
        found += page
        after = f"{header.epoch}.{header.sequence}"
    assert codes == ["0.0"]
    assert found == [(m, 2 * n) for m in ("a", "b", "c") for n in range(30)]


def test_what_a_vtn_no_longer_holds_is_told_as_lost(domain):
    readings(domain, "a", *range(33))
    header = ask_readings(domain)[2]
    assert ask_readings(domain, after=f"{header.epoch}.2")[1] == ["5.7", "0.0"]
    assert ask_readings(domain, after=f"{header.epoch}.3")[1] == ["0.0"]
    assert ask_readings(domain, after=f"{header.epoch - 1}.99")[1] == ["5.7", "0.0"]
    before = GetMeterReadings(interval=Interval(start=at(-60), end=at(60)))
    assert ask_readings(domain, before)[1] == ["5.7", "0.0"]


def test_a_look_at_the_nodes_repairs_nothing_and_an_order_does(domain):
    assert not of_kind(ask(domain, Verb.GET, Noun.NODES), VerifyNodes)[0].repair
    assert of_kind(ask(domain, Verb.EXECUTE, Noun.NODES), VerifyNodes)[0].repair


def test_an_unknown_account_gets_nothing(domain):
    message = request(Verb.GET, Noun.MEMBERS, "operator")
    effects = domain.tell(arrived(message, "stranger"))
    assert of_kind(effects, Ignore) != []


def test_before_its_nodes_exist_a_vtn_answers_nobody():
    young = Domain("a")
    assert of_kind(ask(young, Verb.GET, Noun.MEMBERS), Ignore) != []


def test_a_member_must_not_command_nor_speak_for_another(domain):
    event = EndDeviceControls(events=(make_event(),))
    command = request(Verb.CREATE, Noun.CONTROLS, "a", event)
    assert code_of(domain.tell(arrived(command, "a"))) == "7.5"
    body = EndDeviceConfig(party="b", capability=capability())
    liar = request(Verb.CREATE, Noun.CONFIG, "b", body)
    assert code_of(domain.tell(arrived(liar, "a"))) == "2.14"


def test_a_registration_is_confirmed_with_its_revision_and_the_domains_nodes(domain):
    effects = domain.register("a", 1234)
    admission = reply_in(effects).body.admission
    assert admission.confirmed == 1
    assert admission.events == ("cem/grid/events",)
    assert admission.watchers == ("op@x.example",)


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize("noun", list(Noun))
def test_no_verb_and_noun_is_allowed_to_both_but_two_queries(verb, noun):
    both = is_allowed(Role.VEN, verb, noun) and is_allowed(Role.OPERATOR, verb, noun)
    assert both == (verb is Verb.GET and noun in {Noun.CONTROLS, Noun.CONFIG})


def test_what_happens_is_published_as_one_record_soon_after(domain):
    create(domain)
    effects = domain.tell(TimerFired("vtn/records"), 1)
    bodies = [e.message.body for e in effects if hasattr(e, "message")]
    (record,) = [body for body in bodies if isinstance(body, DispatchRecord)]
    assert record.target_w == -9000


def answers_of(member, *events):
    return EndDeviceEvents(
        answers=tuple(
            Answer(
                id=derived_id(member, event),
                event=event,
                order=Order(epoch=0, modification=0),
                opt=Opt.OUT,
                power_w=0,
                revision=1,
                sequence=1,
                at=NOW,
            )
            for event in events
        )
    )


def test_answers_are_taken_all_or_none(domain):
    create(domain)
    body = answers_of("a", make_event().id, make_event(9).id)
    effects = domain.tell(arrived(request(Verb.CREATE, Noun.EVENTS, "a", body), "a"), 1)
    assert code_of(effects) == "2.15"
    assert domain.vtn.dispatching.parts[make_event().id]["a"].answer is None


def test_events_are_cancelled_all_or_none(domain):
    create(domain)
    ids = (make_event().id, make_event(9).id)
    effects = ask(domain, Verb.CANCEL, Noun.CONTROLS, ids=ids, seconds=1)
    assert code_of(effects) == "2.15"
    assert not domain.vtn.dispatching.dispatches[make_event().id].event.is_cancelled


def test_an_answer_is_published_for_watchers_under_its_own_name(domain):
    create(domain)
    message = request(Verb.CREATE, Noun.EVENTS, "a", answers_of("a", make_event().id))
    effects = domain.tell(arrived(message, "a"), 1)
    assert reply_in(effects).result is Result.OK
    (shown,) = [e for e in of_kind(effects, Publish) if e.node == "cem/grid/reports"]
    assert shown.item_id == message.header.message_id
    assert shown.message.header.source == "a"


@pytest.mark.parametrize(
    ("role", "verb", "noun"),
    [
        (Role.VEN, Verb.GET, Noun.MEMBERS),
        (Role.VEN, Verb.GET, Noun.READINGS),
        (Role.VEN, Verb.GET, Noun.DISPATCH),
        (Role.VEN, Verb.EXECUTE, Noun.NODES),
        (Role.VEN, Verb.CANCEL, Noun.CONTROLS),
        (Role.OPERATOR, Verb.CREATE, Noun.EVENTS),
        (Role.OPERATOR, Verb.CREATE, Noun.CONFIG),
        (Role.OPERATOR, Verb.CREATE, Noun.READINGS),
        (Role.OPERATOR, Verb.DELETE, Noun.CONTROLS),
    ],
)
def test_what_a_role_has_no_business_with_is_refused(domain, role, verb, noun):
    name = "a" if role is Role.VEN else "op"
    effects = domain.tell(arrived(request(verb, noun, name), name))
    assert code_of(effects) == "7.5"


@pytest.mark.parametrize(("verb", "noun"), [(Verb.GET, Noun.CONTROLS), (Verb.GET, Noun.CONFIG)])
def test_a_member_may_ask_for_live_events_and_for_its_own_registration(domain, verb, noun):
    create(domain)
    reply = reply_in(domain.tell(arrived(request(verb, noun, "a"), "a"), 1))
    assert reply.result is Result.OK
    assert reply.body.noun == noun


def test_more_than_the_domain_can_reckon_with_is_refused_and_harms_nobody(domain):
    huge = tuple(
        Resource(id=f"r{n}", kind="liar", power_w=10**12, decrease_w=10**12) for n in range(2)
    )
    body = EndDeviceConfig(party="a", capability=Capability(revision=2, at=NOW, resources=huge))
    effects = domain.tell(arrived(request(Verb.CREATE, Noun.CONFIG, "a", body), "a"), 1)
    assert code_of(effects) == "1.8"
    assert reply_in(ask(domain, Verb.GET, Noun.MEMBERS)).result is Result.OK


def test_a_registration_for_another_party_is_refused(domain):
    body = EndDeviceConfig(party="b", capability=capability())
    message = request(Verb.CREATE, Noun.CONFIG, "a", body)
    assert code_of(domain.tell(arrived(message, "a"))) == "1.7"


def test_an_older_revision_does_not_replace_a_newer_one(domain):
    for revision, decrease_w in ((5, 5000), (4, 4000)):
        made = capability(decrease_w, revision)
        body = EndDeviceConfig(party="a", capability=made)
        domain.tell(arrived(request(Verb.CHANGE, Noun.CONFIG, "a", body), "a"))
    assert domain.vtn.members["a"].capability.decrease_w == 5000


def test_members_are_told_page_by_page():
    made = Domain(*(f"site-{n:03}" for n in range(320)))
    made.lead()
    told, after = [], ""
    for codes in (["0.1"], ["0.1"], []):
        message = request(Verb.GET, Noun.MEMBERS, "op")
        message = message.model_copy(update={"options": (("after", after),)})
        reply = reply_in(made.tell(arrived(message, "op")))
        assert [error.code for error in reply.errors] == codes
        assert len(encode(reply)) < 60_000
        told += [entry.party for entry in reply.body.members]
        after = told[-1]
    assert told == [f"site-{n:03}" for n in range(320)]


def test_a_record_of_many_members_comes_in_pages_that_fit_into_a_message():
    names = [f"site-{number:04}" for number in range(200)]
    domain = Domain(*names)
    domain.lead()
    for name in names:
        domain.register(name, 1000, -5)
        domain.presence(name, seconds=-5)
    create(domain)
    for name in names:
        domain.answer(name, make_event(), -5)
    (published,) = [
        e.message
        for e in of_kind(domain.tell(TimerFired("vtn/records"), 6), Publish)
        if isinstance(e.message.body, DispatchRecord)
    ]
    assert len(encode(published)) < 60_000
    assert published.body.members == 200
    shown, after, codes = [], "", ["0.1"]
    while "0.1" in codes:
        message = request(Verb.GET, Noun.DISPATCH, "operator", ids=(make_event().id,))
        message = message.model_copy(update={"options": (("after", after),)})
        reply = reply_in(domain.tell(arrived(message, "op", "op"), 7))
        shown += [share.party for share in reply.body.shares]
        codes, after = [error.code for error in reply.errors], shown[-1]
    assert shown == names
