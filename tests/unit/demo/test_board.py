import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from xmpp_cem.agents.watching import Sight
from xmpp_cem.demo.board import Board
from xmpp_cem.demo.plan import Plan
from xmpp_cem.messages.envelope import EventMessage, Header, Noun, Verb
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.time import Interval

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def presence(party, availability=Availability.AVAILABLE, *, is_available=True, note=""):
    resource = Resource(id="r", kind="battery", decrease_w=5000)
    offer = Offer(
        availability=availability,
        capability=Capability(revision=1, at=NOW, resources=(resource,)),
        valid_until=NOW + timedelta(minutes=1),
    )
    value = offer if is_available else None
    source = f"{party}@xmpp.localhost/ven"
    return Sight("north", "presence", source, NOW, None, value, is_available, note)


def leader(domain, *, is_available=True):
    source = f"vtn-{domain}@xmpp.localhost/vtn"
    value = Leadership(is_active=True, epoch=1)
    return Sight(domain, "presence", source, NOW, None, value, is_available)


def drawn(board):
    console = Console(file=io.StringIO(), width=180)
    console.print(board.render())
    return console.file.getvalue()


def test_a_change_of_availability_is_worth_a_line_and_a_repeat_is_not():
    board = Board(Plan())
    assert board.take(presence("bakery")) == "bakery is available"
    assert board.take(presence("bakery")) == ""
    assert board.take(presence("bakery", Availability.OPTED_OUT)) == "bakery is opted-out"
    assert board.take(presence("bakery", is_available=False)) == "bakery is unreachable"


def test_the_screen_shows_every_party_and_what_it_could_do():
    board = Board(Plan())
    board.take(presence("bakery"))
    text = drawn(board)
    for party in Plan().agents[1:]:
        assert party in text
    assert "-5.0 kW" in text
    assert "no event yet" in text


def test_a_vtn_that_comes_and_goes_is_told():
    board = Board(Plan())
    assert board.take(leader("grid")) == "VTN of grid is here"
    assert "leads" in drawn(board)
    assert board.take(leader("grid", is_available=False)) == "VTN of grid is gone"
    assert "absent" in drawn(board)


def test_the_screen_shows_what_a_presence_tells_people():
    board = Board(Plan())
    board.take(presence("bakery", note="4 of 4 resources"))
    assert "4 of 4 resources" in drawn(board)
    board.take(presence("bakery", is_available=False, note="4 of 4 resources"))
    assert "4 of 4 resources" not in drawn(board)


def test_the_screen_shows_target_promise_delivery_and_its_course():
    board = Board(Plan())
    assert board.take(recorded(0)) == "grid: created"
    assert board.take(recorded(-60_000)) == ""
    text = drawn(board)
    assert "target" in text
    assert "-60.0 kW" in text
    assert "\u2581\u2588" in text
    assert "ends in 50 s" in text


def test_an_answer_of_a_lost_member_is_shown_as_lost():
    board = Board(Plan())
    board.take(recorded(0, Availability.UNREACHABLE))
    assert "lost, had said yes" in drawn(board)


def recorded(delivered_w, availability=Availability.AVAILABLE):
    share = MemberShare(party="north", availability=availability, asked_w=-60_000, opt=Opt.IN)
    body = DispatchRecord(
        domain="grid",
        event=derived_id("event"),
        order=Order(epoch=1, modification=0),
        status=EventStatus.ACTIVE,
        active=Interval(start=NOW - timedelta(seconds=10), end=NOW + timedelta(seconds=50)),
        target_w=-60_000,
        promised_w=-60_000,
        delivered_w=delivered_w,
        why="created",
        shares=(share,),
    )
    header = Header(
        verb=Verb.CREATED,
        noun=Noun(body.noun),
        message_id=derived_id(delivered_w),
        timestamp=NOW,
        source="vtn-grid",
    )
    message = EventMessage(header=header, body=body)
    return Sight("grid", "item", "cem/grid/operations", NOW, message)
