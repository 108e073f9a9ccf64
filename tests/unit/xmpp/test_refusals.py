import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp import refusals
from xmpp_cem.xmpp.credentials import Credentials

VEN = Credentials(Jid("ven@a.b", "ven"), "pass-word")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (refusals.not_encrypted(VEN), "enable TLS"),
        (refusals.untrusted(VEN, "expired"), "check ca_file"),
        (refusals.no_mechanism(VEN), "allow_scram_sha1"),
        (refusals.refused(VEN, "not-authorized"), "check the password"),
        (refusals.wrong_account(VEN, Jid("x@a.b")), "another account"),
    ],
)
def test_every_reason_names_the_remedy_and_no_secret(error, remedy):
    assert remedy in str(error)
    assert "pass-word" not in str(error)
