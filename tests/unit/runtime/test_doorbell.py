from datetime import UTC, datetime, timedelta

from xmpp_cem.runtime.doorbell import Doorbell

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_an_account_is_passed_on_once_a_minute():
    bell = Doorbell()
    heard = [bell.rings("a@h", NOW + timedelta(seconds=s)) for s in (0, 1, 59, 60, 61)]
    assert heard == [True, False, False, True, False]


def test_a_crowd_costs_no_more_than_twenty_a_minute():
    bell = Doorbell()
    assert sum(bell.rings(f"a{n}@h", NOW) for n in range(1000)) == 20
