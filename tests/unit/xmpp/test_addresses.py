import pytest

from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.addresses import read_address


def test_spellings_of_one_account_are_equal():
    assert read_address("VEN1@Test.Lab/Ven") == Jid("ven1@test.lab", "Ven")


def test_a_look_alike_is_another_account():
    assert read_address("v\u0435n1@test.lab") != read_address("ven1@test.lab")


@pytest.mark.parametrize("text", ["", "@", "a@", "@b", "a b@c", "x" * 1100 + "@a", "a@b/"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read_address(text)
