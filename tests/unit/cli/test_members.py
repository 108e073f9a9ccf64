from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from typer.testing import Result

from xmpp_cem.cli.members import _explained, _row
from xmpp_cem.messages.operations import DomainMembers, MemberEntry, RefusalEntry, WaitingEntry
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.membership import Standing

Call = Callable[..., Result]


def test_members_need_an_operators_file(call: Call):
    result = call("members", "gateway.toml")
    assert result.exit_code == 2
    assert "role: is gateway" in result.stderr


def test_what_a_member_never_told_is_no_zero():
    entry = MemberEntry(party="a", account="a@h", availability=Availability.UNREACHABLE)
    assert _row(entry) == ("a", "a@h", "unreachable", "-", "-", "-", "-", "never")


def test_a_members_powers_are_told_in_kw():
    entry = MemberEntry(
        party="a",
        account="a@h",
        availability=Availability.LIMITED,
        power_w=-1500,
        committed_w=-500,
        increase_w=2000,
        decrease_w=0,
        revision=3,
        last_heard=datetime(2026, 1, 31, 12, tzinfo=UTC),
    )
    assert _row(entry) == (
        "a",
        "a@h",
        "limited",
        "-1.5 kW",
        "-0.5 kW",
        "2.0 kW",
        "0.0 kW",
        "2026-01-31 12:00:00Z",
    )


def test_a_members_sum_says_what_it_rests_on():
    entry = MemberEntry(
        party="north",
        account="a@h",
        power_w=1500,
        revision=3,
        expected=40,
        reporting=38,
        oldest=datetime(2026, 1, 31, 12, tzinfo=UTC),
        estimated_share_permille=100,
    )
    rests = "38 of 40, 10.0% estimated, oldest 2026-01-31 12:00:00"
    assert _row(entry)[3] == f"+1.5 kW ({rests})"


def test_members_with_a_file_alone_lists_them(call: Call):
    result = call("members", "gateway.toml")
    assert result.stderr == call("members", "list", "gateway.toml").stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("admit", "gateway.toml", "site-9@xmpp.localhost"),
        ("expel", "gateway.toml", "site-9"),
        ("replace", "gateway.toml", "site-9", "new@xmpp.localhost"),
        ("why", "gateway.toml", "site-9"),
        ("show", "gateway.toml", "site-9"),
    ],
)
def test_each_command_needs_an_operators_file(call: Call, arguments: tuple[str, ...]):
    result = call("members", *arguments)
    assert result.exit_code == 2
    assert "role: is gateway" in result.stderr


def test_who_is_no_ordinary_member_is_listed_by_its_standing():
    entry = MemberEntry(party="a", account="a@h", standing=Standing.LEAVING)
    assert _row(entry)[2] == "leaving"


def test_why_is_told_in_sentences_with_the_codes():
    at = datetime(2026, 1, 31, 12, tzinfo=UTC)
    entry = MemberEntry(
        party="a",
        account="a@h",
        findings=("never heard",),
        refusals=(RefusalEntry(at=at, code="2.14", reason="wrong Source"),),
    )
    waits = WaitingEntry(account="b@h", first=at, last=at, times=3, note="looks like a@h")
    body = DomainMembers(domain="d", members=(entry,), waiting=(waits,))
    assert list(_explained(body)) == [
        "a (a@h): member, unreachable, never heard",
        "  never heard",
        "  refused 2026-01-31 12:00:00Z: wrong Source (code 2.14)",
        (
            "b@h: waits for admission, first heard 2026-01-31 12:00:00Z, "
            "last 2026-01-31 12:00:00Z, 3 times; looks like a@h"
        ),
    ]
