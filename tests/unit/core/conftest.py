import pytest

from xmpp_cem.core.kept import Confirmed
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.venstate import VenSettings, VenState
from xmpp_cem.model.ids import Jid
from xmpp_cem.testing.builders import HOST, Domain, admission, at, capability, plain_digest


@pytest.fixture
def domain():
    """A VTN with members that can do 3000, 6000 and 9000 W less, all present."""
    made = Domain("a", "b", "c")
    made.lead()
    for member, decrease_w in (("a", 3000), ("b", 6000), ("c", 9000)):
        made.register(member, decrease_w, -5)
        made.presence(member, seconds=-4)
    return made


@pytest.fixture
def state():
    """A VEN that was admitted, whose capability is confirmed and which knows an index."""
    settings = VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest)
    made = VenState(settings)
    made.save(admission=admission(), index_epoch=1, index_version=1)
    made.confirm((Confirmed(capability=capability(4000), at=at(-1)),))
    return made


@pytest.fixture
def book(state):
    """Its events, none yet."""
    return EventBook(state)
