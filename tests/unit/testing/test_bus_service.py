import pytest

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, Retraction
from xmpp_cem.model.node import Access, Affiliation, NodeName, NodeSpec

HOST = "xmpp.example"
SERVICE = Jid("pubsub.xmpp.example")
EVENT = b'<EventMessage xmlns="urn:m"> \xc3\xa4 &lt;</EventMessage>'
OTHER = b'<EventMessage xmlns="urn:m"></EventMessage>'
BOX = {"others": {f"ven@{HOST}": Affiliation.PUBLISH_ONLY}, "names_publisher": True}


async def ids(peer, node="n"):
    return [item.item_id for item in await peer.stream.fetch(SERVICE, node)]


async def test_a_member_is_notified_and_fetches_the_same_bytes(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    assert (await world.node(vtn, "n", "ven")).was_created
    await ven.stream.subscribe(SERVICE, "n")
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await world.clock.settle()
    assert ven.of(Delivery) == [Delivery(SERVICE, "n", "one", EVENT)]
    await vtn.stream.publish(SERVICE, "n", "one", OTHER)
    (item,) = await ven.stream.fetch(SERVICE, "n", ("one", "absent"))
    assert (item.item_id, item.payload, item.publisher) == ("one", OTHER, None)


async def test_an_outsider_is_refused(world):
    vtn, outsider = await world.peer("vtn"), await world.peer("outsider")
    await world.node(vtn, "n", "ven")
    spec = NodeSpec(NodeName("n"), "T", "D")
    closed = "forbidden" if world.kind == "prosody" else "not-allowed"
    for attempt, condition in (
        (outsider.stream.subscribe(SERVICE, "n"), closed),
        (outsider.stream.fetch(SERVICE, "n"), closed),
        (outsider.stream.publish(SERVICE, "n", "x", EVENT), "forbidden"),
        (outsider.stream.retract(SERVICE, "n", "x"), "forbidden"),
        (outsider.stream.ensure_node(SERVICE, spec, repair=True), "forbidden"),
        (outsider.stream.affiliate(SERVICE, "n", {}), "forbidden"),
        (outsider.stream.fetch(SERVICE, "missing"), "item-not-found"),
    ):
        with pytest.raises(RefusedError) as refusal:
            await attempt
        assert refusal.value.condition == condition
    mine = NodeSpec(NodeName("mine"), "T", "D")
    with pytest.raises(RefusedError, match="forbidden"):
        await outsider.stream.ensure_node(SERVICE, mine, repair=True)


async def test_a_member_reads_and_does_not_write(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")
    with pytest.raises(RefusedError, match="forbidden"):
        await ven.stream.publish(SERVICE, "n", "x", EVENT)
    assert await ids(ven) == []


async def test_a_removed_member_can_neither_read_nor_is_notified(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await vtn.stream.affiliate(SERVICE, "n", {ven.address.bare: Affiliation.NONE})
    await vtn.stream.publish(SERVICE, "n", "two", EVENT)
    await world.clock.settle()
    assert ven.deliveries == ["one"]
    for attempt in (ven.stream.fetch(SERVICE, "n"), ven.stream.subscribe(SERVICE, "n")):
        with pytest.raises(RefusedError):
            await attempt


async def test_anyone_may_read_an_open_node_and_only_its_owner_writes(world):
    vtn, outsider = await world.peer("vtn"), await world.peer("outsider")
    await world.node(vtn, "card", access=Access.OPEN, max_items=1)
    await outsider.stream.subscribe(SERVICE, "card")
    with pytest.raises(RefusedError, match="conflict"):
        await vtn.stream.publish(SERVICE, "card", "card", EVENT)
    await vtn.stream.publish(SERVICE, "card", "card", EVENT, access=Access.OPEN)
    assert await ids(outsider, "card") == ["card"]
    with pytest.raises(RefusedError, match="forbidden"):
        await outsider.stream.publish(SERVICE, "card", "card", EVENT, access=Access.OPEN)


async def test_who_is_offline_gets_no_notification_later_but_stays_subscribed(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")
    await ven.stream.subscribe(SERVICE, "n")
    world.bus.cut(ven.address.bare)
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    world.bus.mend(ven.address.bare)
    await world.clock.settle()
    await vtn.stream.publish(SERVICE, "n", "two", EVENT)
    await world.clock.settle()
    assert ven.deliveries == ["two"]
    assert await ids(ven) == ["one", "two"]


async def test_every_connection_is_notified_but_those_of_negative_priority(world):
    vtn, first = await world.peer("vtn"), await world.peer("ven", "1")
    second, standby = await world.peer("ven", "2"), await world.peer("ven", "3", priority=-1)
    await world.node(vtn, "n", "ven")
    await first.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await world.clock.settle()
    assert [p.deliveries for p in (first, second, standby)] == [["one"], ["one"], []]


async def test_retracting_and_unsubscribing_are_idempotent(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven")
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    for _ in range(2):
        await vtn.stream.retract(SERVICE, "n", "one")
    await world.clock.settle()
    told = [Retraction(SERVICE, "n", "one")] if world.kind == "ejabberd" else []
    assert ven.of(Retraction) == told
    assert await ids(ven) == []
    for node in ("n", "n", "missing"):
        await ven.stream.unsubscribe(SERVICE, node)
    await vtn.stream.publish(SERVICE, "n", "two", EVENT)
    await world.clock.settle()
    assert ven.deliveries == ["one"]


async def test_the_oldest_items_leave_a_full_node(world):
    vtn = await world.peer("vtn")
    await world.node(vtn, "n", max_items=3)
    await vtn.stream.subscribe(SERVICE, "n")
    for item_id in "abcad":
        await vtn.stream.publish(SERVICE, "n", item_id, EVENT)
    await world.clock.settle()
    is_prosody = world.kind == "prosody"
    assert await ids(vtn) == (["c", "a", "d"] if is_prosody else ["b", "c", "d"])
    assert [v.item_id for v in vtn.of(Retraction)] == ([] if is_prosody else ["a"])


async def test_a_live_node_stores_nothing(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await world.node(vtn, "n", "ven", stores_items=False)
    await ven.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await world.clock.settle()
    assert ven.deliveries == ["one"]
    if world.kind == "ejabberd":
        assert await ids(ven) == []
    else:
        with pytest.raises(RefusedError, match="feature-not-implemented"):
            await ids(ven)


async def test_a_write_only_box_exists_on_ejabberd_and_names_its_publishers(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven", "ven")
    assert await vtn.stream.offers_write_only(SERVICE) == (world.kind == "ejabberd")
    if world.kind == "prosody":
        with pytest.raises(RefusedError, match="bad-request"):
            await world.node(vtn, "box", **BOX)
        return
    assert (await world.node(vtn, "box", **BOX)).drift == ()
    await vtn.stream.subscribe(SERVICE, "box")
    await ven.stream.publish(SERVICE, "box", "report", EVENT)
    await vtn.stream.publish(SERVICE, "box", "own", EVENT)
    await world.clock.settle()
    assert [v.publisher for v in vtn.of(Delivery)] == [ven.address, vtn.address]
    assert {i.publisher for i in await vtn.stream.fetch(SERVICE, "box")} == {
        ven.address,
        vtn.address,
    }
    for attempt in (
        ven.stream.fetch(SERVICE, "box"),
        ven.stream.subscribe(SERVICE, "box"),
        ven.stream.publish(SERVICE, "box", "own", OTHER),
        ven.stream.retract(SERVICE, "box", "own"),
    ):
        with pytest.raises(RefusedError, match="forbidden"):
            await attempt
    await ven.stream.retract(SERVICE, "box", "report")
    assert await ids(vtn, "box") == ["own"]


async def test_publishers_are_named_nowhere_else(world):
    vtn = await world.peer("vtn")
    await world.node(vtn, "n", names_publisher=world.kind == "prosody")
    await vtn.stream.subscribe(SERVICE, "n")
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await world.clock.settle()
    assert [v.publisher for v in vtn.of(Delivery)] == [None]


async def test_a_publish_never_creates_an_open_node(world):
    vtn, outsider = await world.peer("vtn"), await world.peer("outsider")
    refused = "forbidden" if world.kind == "prosody" else "item-not-found"
    with pytest.raises(RefusedError, match=refused):
        await outsider.stream.publish(SERVICE, "missing", "one", EVENT)
    if world.kind == "prosody":
        with pytest.raises(RefusedError, match="item-not-found"):
            await vtn.stream.publish(SERVICE, "missing", "one", EVENT)
    else:
        await vtn.stream.publish(SERVICE, "missing", "one", EVENT)
        with pytest.raises(RefusedError, match="not-allowed"):
            await outsider.stream.fetch(SERVICE, "missing")


async def test_drift_is_reported_and_repaired_on_request_only(world):
    vtn, second = await world.peer("vtn"), await world.peer("old")
    await world.node(vtn, "n", "old", access=Access.OPEN)
    await second.stream.subscribe(SERVICE, "n")
    affiliations = {f"ven@{HOST}": Affiliation.MEMBER}
    right = NodeSpec(NodeName("n"), "Title", "For", max_items=64, affiliations=affiliations)
    seen = await vtn.stream.ensure_node(SERVICE, right, repair=False)
    fields = {"pubsub#access_model", "pubsub#max_items", f"affiliation of old@{HOST}"}
    assert {drift.field for drift in seen.drift} == fields
    assert (seen.was_created, seen.was_repaired) == (False, False)
    mended = await vtn.stream.ensure_node(SERVICE, right, repair=True)
    assert mended.was_repaired
    assert {drift.field for drift in mended.drift} == fields
    assert (await vtn.stream.ensure_node(SERVICE, right, repair=False)).drift == ()
    await vtn.stream.publish(SERVICE, "n", "one", EVENT)
    await world.clock.settle()
    assert second.deliveries == []


async def test_a_subscription_without_affiliation_is_drift_once_a_node_is_closed(world):
    vtn, stranger = await world.peer("vtn"), await world.peer("stranger")
    await world.node(vtn, "n", access=Access.OPEN)
    await stranger.stream.subscribe(SERVICE, "n")
    closed = NodeSpec(NodeName("n"), "Title", "For")
    seen = await vtn.stream.ensure_node(SERVICE, closed, repair=True)
    assert f"subscription of stranger@{HOST}" in {drift.field for drift in seen.drift}
    assert seen.was_repaired


async def test_a_missing_member_is_added_and_a_contradicted_one_is_drift(world):
    vtn = await world.peer("vtn")
    await world.node(vtn, "n", others={f"ven@{HOST}": Affiliation.OWNER})
    seen = await world.node(vtn, "n", "ven", "new")
    assert [(d.field, d.wanted, d.found) for d in seen.drift] == [
        (f"affiliation of ven@{HOST}", "member", "owner")
    ]


async def test_an_admin_owns_the_nodes_of_others_on_prosody_only(world):
    vtn, second = await world.peer("vtn"), await world.peer("vtn2")
    await world.node(vtn, "n")
    if world.kind == "prosody":
        await second.stream.publish(SERVICE, "n", "one", EVENT)
    else:
        with pytest.raises(RefusedError, match="forbidden"):
            await second.stream.publish(SERVICE, "n", "one", EVENT)


async def test_who_may_create_nodes_can_change(world):
    ven = await world.peer("ven")
    with pytest.raises(RefusedError, match="forbidden"):
        await world.node(ven, "n")
    world.bus.admins[str(SERVICE)].add(ven.address.bare)
    assert (await world.node(ven, "n")).was_created


async def test_a_node_larger_than_the_server_allows_is_refused(world):
    vtn = await world.peer("vtn")
    with pytest.raises(RefusedError):
        await world.node(vtn, "n", max_items=1001)
    if world.kind == "prosody":
        with pytest.raises(RefusedError, match="bad-request"):
            await world.node(vtn, "n", max_items=257)
