import pytest

from xmpp_cem.testing.builders import Domain


@pytest.fixture
def domain():
    """A VTN with members that can do 3000, 6000 and 9000 W less, all present."""
    made = Domain("a", "b", "c")
    made.lead()
    for member, decrease_w in (("a", 3000), ("b", 6000), ("c", 9000)):
        made.register(member, decrease_w, -5)
        made.presence(member, seconds=-4)
    return made
