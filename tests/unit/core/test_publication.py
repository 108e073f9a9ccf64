import pytest

from xmpp_cem.core.effects import CatchUp, Publish, Retract, SetTimer, ShowPresence, VerifyNodes
from xmpp_cem.core.inputs import Link, LinkChanged, NodesVerified, ServiceProbed, TimerFired
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.messages.controls import EndDeviceControls, EventIndex
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.operations import DispatchRecord
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.signal import Delta
from xmpp_cem.testing.builders import (
    Domain,
    arrived,
    at,
    make_event,
    of_kind,
    plain_digest,
    request,
)


def create(domain, number=1, seconds=0.0):
    event = make_event(number, signal=Delta(power_w=-9000))
    body = EndDeviceControls(events=(event,))
    message = request(Verb.CREATE, Noun.CONTROLS, "operator", body)
    return domain.tell(arrived(message, "op", "op"), seconds)


def published(effects):
    return [e.message.body for e in of_kind(effects, Publish)]


def index_in(effects):
    return next(body for body in published(effects) if isinstance(body, EventIndex))


def test_an_event_is_published_before_the_index_that_lists_it(domain):
    effects = create(domain)
    kinds = [type(body) for body in published(effects)]
    assert kinds.index(EndDeviceControls) < kinds.index(EventIndex)
    (event,) = (b.events[0] for b in published(effects) if isinstance(b, EndDeviceControls))
    (entry,) = index_in(effects).entries
    assert (entry.event, entry.order, entry.digest) == (
        event.id,
        event.order,
        plain_digest(event),
    )


def test_every_index_is_newer_than_the_one_before(domain):
    versions = [index_in(create(domain, number, number)).version for number in (1, 2, 3)]
    assert versions == sorted(set(versions))


def test_the_heartbeat_is_a_new_index_and_the_next_one_is_set(domain):
    effects = domain.tell(TimerFired("vtn/heartbeat"), 60)
    assert index_in(effects).at == at(60)
    assert of_kind(effects, SetTimer) == [SetTimer("vtn/heartbeat", at(120))]


def test_after_a_reconnection_everything_that_lives_is_published_again(domain):
    create(domain, 1)
    create(domain, 2, 1)
    domain.tell(LinkChanged(Link.LOWER, is_up=False), 5)
    domain.tell(LinkChanged(Link.LOWER, is_up=True), 6)
    effects = domain.tell(NodesVerified(Link.LOWER, ()), 7)
    kinds = [type(body) for body in published(effects)]
    assert kinds == [DomainCard, EndDeviceControls, EndDeviceControls, EventIndex]
    assert len(index_in(effects).entries) == 2


def test_the_same_version_keeps_its_message_id_when_it_is_published_again(domain):
    def ids(effects):
        sent = of_kind(effects, Publish)
        return {e.item_id: e.message.header.message_id for e in sent if e.item_id == event}

    event = make_event(1).id
    first = ids(create(domain))
    assert ids(domain.tell(NodesVerified(Link.LOWER, ()), 7)) == first


def test_an_event_that_is_over_leaves_index_and_node(domain):
    create(domain)
    event = make_event().id
    effects = domain.tell(TimerFired(f"vtn/event/{event}/end"), 80)
    assert index_in(effects).entries == ()
    assert [r.item_id for r in of_kind(effects, Retract)] == [event]


def test_many_changes_are_told_in_one_record_each(domain):
    effects = create(domain)
    assert [t.at for t in of_kind(effects, SetTimer) if t.key == "vtn/records"] == [at(1)]
    later = create(domain, 2, 0.5)
    assert not any(t.key == "vtn/records" for t in of_kind(later, SetTimer))
    told = published(domain.tell(TimerFired("vtn/records"), 1))
    assert [type(body) for body in told] == [DispatchRecord, DispatchRecord]
    assert published(domain.tell(TimerFired("vtn/records"), 2)) == []


def test_the_card_names_leader_service_and_uplink_and_comes_before_the_lead_is_shown_off(domain):
    fresh = Domain("a")
    fresh.tell(LinkChanged(Link.LOWER, is_up=True), -10)
    effects = fresh.tell(NodesVerified(Link.LOWER, ()), -9)
    (card,) = (body for body in published(effects) if isinstance(body, DomainCard))
    assert (card.vtn, card.service, card.uplink) == (
        "vtn@x.example/vtn",
        "pubsub.x.example",
        "transaction",
    )
    (shown,) = of_kind(effects, ShowPresence)
    assert isinstance(shown.value, Leadership)


@pytest.mark.parametrize("has_write_only", [True, False])
def test_the_uplink_fits_the_service(has_write_only):
    fresh = Domain("a")
    fresh.tell(LinkChanged(Link.LOWER, is_up=True), -10)
    (verify,) = of_kind(fresh.tell(ServiceProbed(Link.LOWER, has_write_only), -9), VerifyNodes)
    reports = next(spec for spec in verify.nodes if spec.name == "cem/grid/reports")
    assert ("a@x.example" in reports.affiliations) == has_write_only
    effects = fresh.tell(NodesVerified(Link.LOWER, ()), -8)
    assert bool(of_kind(effects, CatchUp)) == has_write_only
