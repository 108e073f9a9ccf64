from datetime import timedelta

import pytest

from xmpp_cem.core.concerns import Concern, about_members, about_vtn
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.records import Member
from xmpp_cem.model.availability import Availability
from xmpp_cem.runtime.health import Health, Reason, Status, Vitals
from xmpp_cem.testing.builders import NOW


@pytest.fixture
def vitals(clock):
    made = Vitals(clock)
    made.watch(Link.UPPER)
    return made


def told(vitals, concerns=(), outbox=0, oldest=None):
    health = vitals.health(concerns, outbox, oldest)
    return health.status, [reason.what for reason in health.reasons]


async def test_a_connection_that_is_away_degrades_at_first_and_fails_later(vitals, clock):
    assert told(vitals) == (Status.DEGRADED, ["no upper connection"])
    vitals.changed(Link.UPPER, is_up=True)
    assert told(vitals) == (Status.OK, [])
    began = clock.now()
    vitals.changed(Link.UPPER, is_up=False)
    await clock.advance(timedelta(seconds=59))
    vitals.changed(Link.UPPER, is_up=False)
    assert told(vitals)[0] is Status.DEGRADED
    await clock.advance(timedelta(seconds=1))
    assert told(vitals) == (Status.FAILING, ["no upper connection"])
    assert vitals.health((), 0, None).reasons[0].since == began


async def test_a_commit_that_does_not_end_is_failing(vitals, clock):
    vitals.changed(Link.UPPER, is_up=True)
    with vitals.committing():
        await clock.advance(timedelta(seconds=4))
        assert told(vitals)[0] is Status.OK
        await clock.advance(timedelta(seconds=1))
        assert told(vitals) == (Status.FAILING, ["the store does not finish a commit"])
    assert told(vitals)[0] is Status.OK


async def test_what_waits_too_long_degrades_and_is_always_counted(vitals, clock):
    vitals.changed(Link.UPPER, is_up=True)
    oldest = clock.now()
    await clock.advance(timedelta(seconds=59))
    assert vitals.health((), 7, oldest) == Health((), 7, 59)
    await clock.advance(timedelta(seconds=1))
    assert told(vitals, (), 7, oldest) == (Status.DEGRADED, ["a message waits to be sent"])


def test_what_the_role_is_concerned_about_degrades(vitals):
    vitals.changed(Link.UPPER, is_up=True)
    assert told(vitals, (Concern("the VTN is silent", NOW),)) == (
        Status.DEGRADED,
        ["the VTN is silent"],
    )


def test_one_failing_reason_is_enough():
    assert Health((Reason("a"), Reason("b", is_failing=True))).status is Status.FAILING


def member(name, availability):
    return Member(party=name, account=f"{name}@h", availability=availability)


def test_members_that_are_not_reached_are_named_but_not_all():
    away = [member(f"m{n}", Availability.UNREACHABLE) for n in range(7)]
    here = member("here", Availability.OPTED_OUT)
    (concern,) = about_members([here, *away], is_known=True)
    assert concern.what == "7 members are unreachable: m0, m1, m2, m3, m4, ..."
    assert about_members([here], is_known=True) == ()
    assert about_members(away, is_known=False) == ()


def test_a_silent_vtn_is_a_concern():
    assert about_vtn(None) == ()
    assert about_vtn(NOW) == (Concern("the VTN is silent", NOW),)
