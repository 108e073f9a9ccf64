import pytest
import slixmpp
from slixmpp.plugins.xep_0030.stanza import DiscoInfo

from xmpp_cem.xmpp.identity import CAPS, Identity


@pytest.mark.parametrize(
    ("connection", "roles"),
    [
        ("ven", {"urn:xmpp-cem:1#ven"}),
        ("vtn", {"urn:xmpp-cem:1#vtn"}),
        ("vtn-2", {"urn:xmpp-cem:1#vtn"}),
        ("op-1234", set()),
    ],
)
def test_the_role_is_a_feature(connection, roles):
    found = {f for f in Identity(connection).features if f.startswith("urn:xmpp-cem")}
    assert found == roles


async def test_the_verification_string_is_what_other_software_computes():
    """By slixmpp's own XEP-0115, from the answer to disco#info that we would give."""
    client = slixmpp.ClientXMPP("a@b.example/ven", "")
    client.register_plugin("xep_0115")
    identity = Identity("ven")
    info = DiscoInfo(xml=identity.info(None))
    assert client.plugin["xep_0115"].generate_verstring(info, "sha-1") == identity.verification
    assert identity.capabilities().get("ver") == identity.verification
    assert identity.capabilities().tag == f"{{{CAPS}}}c"


def test_a_ven_and_a_vtn_differ():
    assert Identity("ven").verification != Identity("vtn").verification
