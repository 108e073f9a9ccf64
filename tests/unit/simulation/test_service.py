from random import Random

import pytest

from xmpp_cem.model.ids import Jid, NodeName
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import Access, Affiliation, NodeSpec
from xmpp_cem.simulation.loop import VirtualClock, VirtualLoop
from xmpp_cem.simulation.service import FickleService
from xmpp_cem.testing.bus_service import Kind, Notices

VTN, VEN = Jid("vtn@x.example", "vtn"), Jid("ven@x.example", "ven")
NODE = NodeName("n")


class Nothing(Random):
    """Draws the least that it may."""

    def randint(self, least, _):
        return least


class All(Random):
    """Draws the most that it may."""

    def randint(self, _, most):
        return most


@pytest.fixture
def clock():
    loop = VirtualLoop()
    yield VirtualClock(loop)
    loop.close()


@pytest.fixture
def service(clock):
    notices = Notices(lambda _: True, lambda *_: None)
    made = FickleService(Jid("pubsub.x.example"), Kind.EJABBERD, notices, clock)
    reader = {VEN.bare: Affiliation.MEMBER}
    made.ensure(VTN, NodeSpec(NODE, "", "", Access.WHITELIST, affiliations=reader), repair=False)
    made.lose_newest(Nothing())  # what is older is on the disk
    return made


def held(service):
    return {item.item_id: item.payload for item in service.fetch(VTN, NODE, ())}


def publish(service, payload, item="e"):
    service.publish(VTN, NODE, Item(item, payload), Access.WHITELIST)


def test_a_crash_loses_what_was_acknowledged_last(service):
    publish(service, b"old")
    publish(service, b"new", "f")
    service.lose_newest(All(1))
    assert held(service) == {}


def test_a_crash_brings_back_the_version_before_and_what_was_retracted(service):
    publish(service, b"old")
    service.retract(VTN, NODE, "e")
    service.bring_back(All(1))
    assert held(service) == {"e": b"old"}
    publish(service, b"new")
    service.bring_back(All(1))
    assert held(service) == {"e": b"old"}


def test_what_has_reached_the_disk_is_not_lost(service, clock):
    publish(service, b"old")
    clock._loop.run_until_complete(clock.sleep(6))
    assert service.lose_newest(All(1)) == 0
    assert held(service) == {"e": b"old"}


def test_only_members_lose_their_subscription(service):
    service.subscribe(VTN, NODE)
    assert service.lose_subscription(Nothing()) is None
    service.subscribe(VEN, NODE)
    assert service.lose_subscription(Nothing()) == VEN.bare
    assert service.lose_subscription(Nothing()) is None


def test_a_node_is_lost_with_all_its_items(service):
    publish(service, b"old")
    assert service.lose_node(Nothing())
    assert service.node_names == ()
    assert not service.lose_node(Nothing())
