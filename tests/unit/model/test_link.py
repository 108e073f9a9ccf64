from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import LinkUp


def test_what_a_link_tells_is_a_value():
    assert LinkUp(Jid("a@b", "ven")) == LinkUp(Jid.parse("a@b/ven"))
