import pytest

from xmpp_cem.core.effects import (
    Admit,
    Note,
    Remember,
    Respond,
    RevokeAccount,
    SetTimer,
    Transact,
    VerifyNodes,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    AccountRevoked,
    Knocked,
    Link,
    LinkChanged,
    NodesVerified,
    ReplyArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import (
    HOST,
    NOW,
    Domain,
    arrived,
    at,
    make_event,
    of_kind,
    reply_in,
    request,
)

D = f"d@{HOST}"


def command(domain, verb, party, account="", seconds=0.0, options=()):
    if verb is Verb.DELETE:
        message = request(verb, Noun.MEMBERS, "operator", None, (party,))
    else:
        entry = MemberEntry(party=party, account=account)
        body = DomainMembers(domain="grid", members=(entry,))
        message = request(verb, Noun.MEMBERS, "operator", body)
    message = message.model_copy(update={"options": options})
    return domain.tell(arrived(message, "op", "op"), seconds)


def admit(domain, party="d", account=D, **more):
    return command(domain, Verb.CREATE, party, account, **more)


def verified(domain, effects, seconds=1.0):
    token = of_kind(effects, VerifyNodes)[0].token
    return domain.tell(NodesVerified(Link.LOWER, (), token), seconds)


def shown(domain, *names, seconds=2.0):
    message = request(Verb.GET, Noun.MEMBERS, "operator", None, names)
    return reply_in(domain.tell(arrived(message, "op", "op"), seconds)).body


def create(domain, power_w=-9000):
    event = make_event(signal=Delta(power_w=power_w))
    body = EndDeviceControls(events=(event,))
    domain.tell(arrived(request(Verb.CREATE, Noun.CONTROLS, "operator", body), "op", "op"))
    return event.id


def restarted(domain, effects_so_far=()):
    """The same VTN with nothing but its records."""
    again = Domain("a", "b", "c")
    again.vtn = Vtn(domain.settings)
    for member in domain.vtn._state.members.values():
        again.vtn.restore(Member.model_validate_json(member.model_dump_json()))
    again.tell(Started(), 50)
    return again


def refused(effects):
    reply = reply_in(effects)
    assert reply.result is Result.FAILED
    return reply.errors[0]


def test_an_admitted_account_is_a_member_once_the_service_has_opened_the_nodes(domain):
    effects = admit(domain)
    assert of_kind(effects, Respond) == []
    assert of_kind(effects, Admit)[0].accounts >= {D, f"op@{HOST}", f"a@{HOST}"}
    assert WatchPresence(Link.LOWER, Jid(D)) in effects
    (nodes,) = of_kind(effects, VerifyNodes)
    assert [D in spec.affiliations for spec in nodes.nodes] == [False, True, False, False]
    assert reply_in(verified(domain, effects)).result is Result.OK
    domain.register("d", 4000, 2)
    domain.presence("d", seconds=3)
    entry = next(m for m in shown(domain).members if m.party == "d")
    assert (entry.availability, entry.decrease_w) == (Availability.AVAILABLE, 4000)


def test_the_same_admission_again_changes_nothing_and_is_answered(domain):
    verified(domain, admit(domain))
    again = admit(domain, seconds=5)
    assert of_kind(again, Remember) == []
    assert reply_in(verified(domain, again, 6)).result is Result.OK


@pytest.mark.parametrize(
    ("party", "account", "word"),
    [
        ("d", f"a@{HOST}", "account of a"),
        ("a", D, "members replace"),
        ("d", f"op@{HOST}", "operator's"),
        ("d", f"vtn@{HOST}", "our own"),
        ("vtn", D, "this VTN"),
        ("d", "no address", "not an XMPP address"),
        ("d", f"а@{HOST}", "looks like"),  # noqa: RUF001 a Cyrillic a
    ],
)
def test_an_account_that_must_not_be_a_partys_is_refused_with_the_reason(
    domain, party, account, word
):
    assert word in refused(admit(domain, party, account)).reason
    assert {m.party for m in shown(domain).members} == {"a", "b", "c"}


def test_a_look_alike_is_admitted_when_it_is_meant(domain):
    alike = f"а@{HOST}"  # noqa: RUF001 a Cyrillic a
    effects = admit(domain, "d", alike, options=(("despite-likeness", "true"),))
    assert reply_in(verified(domain, effects)).result is Result.OK


def test_an_admitted_member_and_an_expelled_one_stay_so_over_a_restart(domain):
    verified(domain, admit(domain))
    command(domain, Verb.DELETE, "a")
    domain.tell(AccountRevoked(Link.LOWER, f"a@{HOST}"), 1)
    again = restarted(domain)
    assert set(again.vtn.members) == {"b", "c", "d"}
    (served,) = of_kind(again.tell(LinkChanged(Link.LOWER, is_up=True), 51), Admit)
    assert f"a@{HOST}" not in served.accounts
    assert D in served.accounts


def test_a_member_without_events_is_expelled_at_once(domain):
    effects = command(domain, Verb.DELETE, "a")
    assert of_kind(effects, Transact) == []
    (revoke,) = of_kind(effects, RevokeAccount)
    assert revoke.account == f"a@{HOST}"
    assert revoke.nodes == ("cem/grid/events", "cem/grid/reports", "cem/grid/operations")
    assert of_kind(effects, Respond) == []
    done = domain.tell(AccountRevoked(Link.LOWER, f"a@{HOST}"), 1)
    assert reply_in(done).result is Result.OK
    assert f"a@{HOST}" not in of_kind(done, Admit)[0].accounts
    assert {m.party for m in shown(domain).members} == {"b", "c"}


def cancelled(effects, party):
    to = Jid(f"{party}@{HOST}", "ven")
    (sent,) = [
        t for t in of_kind(effects, Transact) if t.to == to and t.message.header.verb == "cancel"
    ]
    return sent


def test_in_an_event_the_cancel_is_answered_before_the_nodes_close(domain):
    event = create(domain)
    effects = command(domain, Verb.DELETE, "c", seconds=5)
    sent = cancelled(effects, "c")
    (told,) = sent.message.body.events
    assert (told.id, told.status) == (event, EventStatus.CANCELLED)
    assert sent.expires == at(13)
    assert of_kind(effects, RevokeAccount) == []
    reply = domain.vtn._state.letters.reply(sent.message, at(6))
    after = domain.tell(ReplyArrived(Link.LOWER, sent.message, reply), 6)
    assert [r.account for r in of_kind(after, RevokeAccount)] == [f"c@{HOST}"]


def test_what_an_expelled_member_is_told_is_newer_than_all_that_its_node_will_show(domain):
    event = create(domain)
    told = cancelled(command(domain, Verb.DELETE, "c", seconds=5), "c").message.body.events[0]
    dispatch = domain.vtn.dispatching.dispatches[event]
    assert dispatch.event.order.modification == 1, "the rest have been asked for more"
    assert told.order.modification > 1000


def test_a_silent_member_is_waited_for_eight_seconds_and_no_longer(domain):
    create(domain)
    effects = command(domain, Verb.DELETE, "c", seconds=5)
    assert SetTimer("vtn/leave/c", at(13)) in effects
    assert of_kind(domain.tell(TimerFired("vtn/leave/c"), 13), RevokeAccount)


def test_the_others_take_over_what_an_expelled_member_was_asked_for(domain):
    event = create(domain)
    command(domain, Verb.DELETE, "a", seconds=5)
    parts = domain.vtn.dispatching.parts[event]
    assert parts["b"].asked_w + parts["c"].asked_w == -9000
    assert domain.vtn.dispatching.record(
        domain.vtn.dispatching.dispatches[event], at(6)
    ).promised_w in {-9000, 0}


def test_who_is_leaving_is_heard_no_more(domain):
    create(domain)
    command(domain, Verb.DELETE, "c", seconds=5)
    domain.presence("c", seconds=6)
    assert domain.vtn._state.members["c"].availability is Availability.UNREACHABLE
    assert domain.register("c", 9000, 6) != []
    assert domain.vtn._state.members["c"].standing is Standing.LEAVING


def test_a_removal_that_a_crash_interrupted_goes_on(domain):
    create(domain)
    command(domain, Verb.DELETE, "c", seconds=5)
    again = restarted(domain)
    again.tell(LinkChanged(Link.LOWER, is_up=True), 51)
    effects = again.tell(NodesVerified(Link.LOWER, ()), 52)
    assert [r.account for r in of_kind(effects, RevokeAccount)] == [f"c@{HOST}"]
    again.tell(AccountRevoked(Link.LOWER, f"c@{HOST}"), 53)
    assert again.vtn._state.members["c"].standing is Standing.EXPELLED


def test_a_replaced_box_keeps_party_capability_and_history(domain):
    event = create(domain)
    effects = command(domain, Verb.CHANGE, "c", f"c2@{HOST}", seconds=5)
    cancelled(effects, "c")
    domain.tell(TimerFired("vtn/leave/c"), 13)
    after = domain.tell(AccountRevoked(Link.LOWER, f"c@{HOST}"), 14)
    assert of_kind(after, Admit)[0].accounts >= {f"c2@{HOST}"}
    assert f"c@{HOST}" not in of_kind(after, Admit)[0].accounts
    assert reply_in(verified(domain, after, 15)).result is Result.OK
    member = domain.vtn.members["c"]
    assert (member.account, member.former) == (f"c2@{HOST}", (f"c@{HOST}",))
    assert member.capability is not None
    assert "c" in domain.vtn.dispatching.parts[event]
    assert restarted(domain).vtn.members["c"].account == f"c2@{HOST}"


def test_an_expelled_party_is_admitted_again_with_its_history(domain):
    command(domain, Verb.DELETE, "a")
    domain.tell(AccountRevoked(Link.LOWER, f"a@{HOST}"), 1)
    assert "no member" in refused(command(domain, Verb.CHANGE, "a", D, 2)).reason
    assert "no member" in refused(command(domain, Verb.DELETE, "a", seconds=2)).reason
    verified(domain, admit(domain, "a", D, seconds=3), 4)
    assert domain.vtn.members["a"].account == D


def test_a_second_operator_who_expels_the_same_member_gets_the_same_answer(domain):
    create(domain)
    command(domain, Verb.DELETE, "c", seconds=5)
    reason = (("reason", "again"),)
    assert of_kind(command(domain, Verb.DELETE, "c", seconds=6, options=reason), Respond) == []
    assert "being removed" in refused(admit(domain, "c", D, seconds=6)).reason
    done = domain.tell(AccountRevoked(Link.LOWER, f"c@{HOST}"), 7)
    assert len(of_kind(done, Respond)) == 2


def test_a_ven_may_not_change_who_is_a_member(domain):
    entry = MemberEntry(party="d", account=D)
    body = DomainMembers(domain="grid", members=(entry,))
    effects = domain.tell(arrived(request(Verb.CREATE, Noun.MEMBERS, "a", body), "a"))
    assert refused(effects).code == "7.5"


def test_who_waits_is_shown_with_what_is_remarkable(domain):
    domain.tell(Knocked(Link.LOWER, D), 1)
    domain.tell(Knocked(Link.LOWER, f"а@{HOST}"), 1)  # noqa: RUF001 a Cyrillic a
    waiting = {w.account: w.note for w in shown(domain).waiting}
    assert waiting == {D: "", f"а@{HOST}": f"looks like a@{HOST}"}  # noqa: RUF001
    verified(domain, admit(domain), 2)
    assert D not in {w.account for w in shown(domain).waiting}


def test_why_names_what_keeps_a_member_away(domain):
    domain.presence("a", Availability.UNREACHABLE)
    domain.presence("b", Availability.OPTED_OUT)
    said = {p: " ".join(shown(domain, p).members[0].findings) for p in "abc"}
    assert "no presence" in said["a"]
    assert "opted-out" in said["b"]
    assert said["c"] == ""


def test_why_tells_refusals_with_their_codes(domain):
    domain.tell(arrived(request(Verb.CREATE, Noun.CONTROLS, "a"), "a"), 1)
    (refusal,) = shown(domain, f"a@{HOST}").members[0].refusals
    assert (refusal.code, refusal.at) == ("7.5", at(1))


def test_why_knows_former_accounts_and_strangers(domain):
    command(domain, Verb.CHANGE, "a", D)
    domain.tell(AccountRevoked(Link.LOWER, f"a@{HOST}"), 1)
    told = shown(domain, f"a@{HOST}").members[0]
    assert told.party == "a"
    assert "was replaced by" in told.findings[0]
    effects = domain.tell(
        arrived(request(Verb.GET, Noun.MEMBERS, "operator", None, ("x@y",)), "op", "op"), 3
    )
    assert "has not knocked" in refused(effects).reason


def leave(domain, party="c", seconds=5.0):
    return domain.tell(arrived(request(Verb.DELETE, Noun.CONFIG, party), party), seconds)


def test_who_ends_its_registration_is_counted_on_no_more_and_may_come_back(domain):
    event = create(domain)
    assert reply_in(leave(domain)).result is Result.OK
    parts = domain.vtn.dispatching.parts[event]
    assert parts["a"].asked_w + parts["b"].asked_w == -9000
    domain.presence("c", seconds=6)
    assert (
        domain.vtn.dispatching.expected_w(domain.vtn.dispatching.dispatches[event], at(6)) == 9000
    )
    assert shown(domain, "c").members[0].standing is Standing.LEFT
    domain.register("c", 9000, 7)
    assert shown(domain, "c").members[0].standing is None


def test_a_member_that_left_is_no_concern(domain):
    leave(domain)
    domain.presence("c", Availability.UNREACHABLE, 6)
    assert domain.vtn.concerns(at(7)) == ()


def test_a_full_domain_admits_nobody(domain):
    for number in range(1000):
        member = Member(party=f"p{number}", account=f"p{number}@{HOST}", is_commanded=True)
        domain.vtn.restore(member)
    assert refused(admit(domain)).code == "3.1"


def test_an_admission_is_logged(domain):
    notes = [note.what for note in of_kind(admit(domain), Note)]
    assert "member admitted" in notes
    assert domain.vtn.members["d"].since >= NOW
