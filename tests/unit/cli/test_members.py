from collections.abc import Callable
from datetime import UTC, datetime

from typer.testing import Result

from xmpp_cem.cli.members import _row
from xmpp_cem.messages.operations import MemberEntry
from xmpp_cem.model.availability import Availability

Call = Callable[..., Result]


def test_members_need_an_operators_file(call: Call):
    result = call("members", "gateway.toml")
    assert result.exit_code == 2
    assert "role: is gateway" in result.stderr


def test_what_a_member_never_told_is_no_zero():
    entry = MemberEntry(party="a", account="a@h", availability=Availability.UNREACHABLE)
    assert _row(entry) == ("a", "a@h", "unreachable", "-", "-", "-", "never")


def test_a_members_powers_are_told_in_kw():
    entry = MemberEntry(
        party="a",
        account="a@h",
        availability=Availability.LIMITED,
        power_w=-1500,
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
        "2.0 kW",
        "0.0 kW",
        "2026-01-31 12:00:00Z",
    )
