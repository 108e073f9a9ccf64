import pytest

from xmpp_cem.core.vtn.members.likeness import look_alike

KNOWN = ["site-1@h", "alarm@h", "west@h", "o0@h"]


@pytest.mark.parametrize(
    ("account", "like"),
    [
        ("site-l@h", "site-1@h"),
        ("sіte-1@h", "site-1@h"),  # noqa: RUF001 a Cyrillic i
        ("síte-1@h", "site-1@h"),
        ("site-1\u200b@h", "site-1@h"),
        ("alann@h", ""),
        ("alarrn@h", "alarm@h"),
        ("vvest@h", "west@h"),
        ("ｗｅｓｔ@h", "west@h"),  # noqa: RUF001 full width
    ],
)
def test_an_account_that_people_take_for_another_one_is_found(account, like):
    assert look_alike(account, KNOWN) == like


@pytest.mark.parametrize("account", ["site-2@h", "site-11@h", "site-1@k", "east@h"])
def test_accounts_of_an_ordinary_fleet_do_not_look_alike(account):
    assert look_alike(account, KNOWN) == ""


def test_an_account_is_not_like_itself():
    assert look_alike("site-1@h", KNOWN) == ""
