import io
from datetime import UTC, datetime, timedelta

from rich.console import Console

from xmpp_cem.agents.watching import Sight
from xmpp_cem.demo.board import Board
from xmpp_cem.demo.plan import Plan
from xmpp_cem.model.availability import Availability, Leadership, Offer
from xmpp_cem.model.resource import Capability, Resource

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def presence(party, availability=Availability.AVAILABLE, *, is_available=True):
    resource = Resource(id="r", kind="battery", decrease_w=5000)
    offer = Offer(
        availability=availability,
        capability=Capability(revision=1, at=NOW, resources=(resource,)),
        valid_until=NOW + timedelta(minutes=1),
    )
    value = offer if is_available else None
    source = f"{party}@xmpp.localhost/ven"
    return Sight("north", "presence", source, NOW, None, value, is_available)


def leader(domain, *, is_available=True):
    source = f"vtn-{domain}@xmpp.localhost/vtn"
    value = Leadership(is_active=True, epoch=1)
    return Sight(domain, "presence", source, NOW, None, value, is_available)


def drawn(board):
    console = Console(file=io.StringIO(), width=140)
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
