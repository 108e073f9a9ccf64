from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import PresenceSeen

EXTENSION = b'<availability xmlns="urn:a"></availability>'


async def test_a_watcher_sees_every_presence_as_it_was_shown(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    ven.stream.show_presence("away", "3 of 4", (EXTENSION,))
    await vtn.stream.watch_presence(ven.address)
    await vtn.stream.watch_presence(Jid(ven.address.bare))
    await world.clock.settle()
    assert vtn.presences == [PresenceSeen(ven.address, True, "away", "3 of 4", (EXTENSION,))]
    ven.stream.show_presence("", "")
    await world.clock.settle()
    assert vtn.presences[1:] == [PresenceSeen(ven.address, is_available=True)]


async def test_no_one_sees_anothers_presence_without_subscription(world):
    vtn, ven, other = [await world.peer(name) for name in ("vtn", "ven", "other")]
    await vtn.stream.watch_presence(ven.address)
    ven.stream.show_presence("dnd", "secret")
    await world.clock.settle()
    world.bus.cut(ven.address.bare)
    await world.clock.settle()
    assert other.presences == []
    assert ven.presences == []
    assert {v.sender for v in vtn.presences} == {ven.address}


async def test_an_account_that_is_not_admitted_sees_nothing(world):
    ven = await world.peer("ven", admits=lambda account: account == Jid("vtn@xmpp.example"))
    vtn, other = await world.peer("vtn"), await world.peer("other")
    await other.stream.watch_presence(ven.address)
    await vtn.stream.watch_presence(ven.address)
    ven.stream.show_presence("away", "")
    await world.clock.settle()
    assert other.presences == []
    assert vtn.presences


async def test_a_request_waits_for_an_account_that_is_not_there(world):
    vtn = await world.peer("vtn")
    await vtn.stream.watch_presence(Jid("ven@xmpp.example"))
    await world.clock.settle()
    assert vtn.presences == []
    ven = await world.peer("ven")
    assert [v.sender for v in vtn.presences] == [ven.address]


async def test_a_cut_makes_unavailable_at_once_and_a_mend_available_again(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    await vtn.stream.watch_presence(ven.address)
    await world.clock.settle()
    vtn.seen.clear()
    world.bus.cut(ven.address.bare)
    await world.clock.settle()
    assert vtn.seen == [PresenceSeen(ven.address, is_available=False)]
    ven.stream.show_presence("dnd", "shown when back")
    world.bus.mend(ven.address.bare)
    await world.clock.settle()
    assert vtn.seen[1:] == [PresenceSeen(ven.address, True, "dnd", "shown when back")]


async def test_a_watcher_that_returns_sees_who_is_there(world):
    vtn, ven, gone = [await world.peer(name) for name in ("vtn", "ven", "gone")]
    for watched in (ven, gone):
        await vtn.stream.watch_presence(watched.address)
    await world.clock.settle()
    world.bus.cut(vtn.address.bare)
    await gone.stop()
    await world.clock.settle()
    vtn.seen.clear()
    world.bus.mend(vtn.address.bare)
    await world.clock.settle()
    here = PresenceSeen(ven.address, is_available=True)
    absent = PresenceSeen(Jid(gone.address.bare), is_available=False)
    assert vtn.presences == ([here, absent] if world.kind == "prosody" else [here])


async def test_connections_of_one_account_see_each_other(world):
    active = await world.peer("vtn", "vtn")
    standby = await world.peer("vtn", "vtn-2", priority=-1)
    assert standby.presences == [PresenceSeen(active.address, is_available=True)]
    assert active.presences == [PresenceSeen(standby.address, is_available=True)]
    await active.stop()
    await world.clock.settle()
    assert standby.presences[-1] == PresenceSeen(active.address, is_available=False)


async def test_a_request_that_was_refused_can_be_repeated_in_a_new_session(world):
    admitted = set()
    ven = await world.peer("ven", admits=lambda account: account.bare in admitted)
    vtn = await world.peer("vtn")
    await vtn.stream.watch_presence(ven.address)
    await world.clock.settle()
    admitted.add(vtn.address.bare)
    await vtn.stream.watch_presence(ven.address)
    await world.clock.settle()
    assert vtn.presences == []
    world.bus.cut(vtn.address.bare)
    world.bus.mend(vtn.address.bare)
    await world.clock.settle()
    await vtn.stream.watch_presence(ven.address)
    await world.clock.settle()
    assert [v.sender for v in vtn.presences] == [ven.address]
