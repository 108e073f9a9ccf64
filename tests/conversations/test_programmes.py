"""Programmes end to end: calls, consent, budgets, opt schedules, gateways (design 7)."""

from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.messages.envelope import Result
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import Consent, Enrolment, LossRule, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.signal import Direction, Limit, Place, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.meter import Meter

pytestmark = [pytest.mark.timeout(120)]
LONG = Interval(start=datetime(2000, 1, 1, tzinfo=UTC), end=datetime(2199, 1, 1, tzinfo=UTC))


def consent(party, resource, *, is_given=True, version=1, hours=1):
    said = Consent(is_given=is_given, version=version, at=datetime(2001, 1, 1, hours, tzinfo=UTC))
    return Enrolment(programme="peak", party=party, resource=resource, valid=LONG, consent=said)


def peak(**rules):
    return Programme(id="peak", version=1, valid=LONG, **rules)


async def begun(world, domain, members):
    """Return a domain's operator once its members are usable."""
    operator = await world.operator(domain)

    async def ready():
        known = (await operator.members()).members
        able = [m for m in known if m.availability is Availability.AVAILABLE and m.decrease_w]
        return len(able) == members and all(m.decrease_w for m in able)

    await world.until(ready, 40)
    return operator


def shares_of(record):
    return {share.party: (share.opt, share.promised_w) for share in record.shares}


async def test_only_who_is_enrolled_is_called_and_nobody_beyond_the_budget(world):
    world.programmes["grid"] = (peak(calls_per_day=1),)
    world.enrolments = (consent("site-1", "m1"), consent("site-2", "m2", is_given=False))
    world.vtn("grid", "site-1", "site-2", "site-3")
    for number in (1, 2, 3):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await begun(world, "grid", 3)
    event = operator.event(1, -2000, 5, 10)
    assert (await operator.call(event, "peak")).result is Result.OK

    async def answered():
        return shares_of(await operator.record(event.id)) == {
            "site-1": (Opt.IN, -2000),
            "site-2": (Opt.OUT, 0),
        }

    await world.until(answered)
    record = await operator.record(event.id)
    assert record.shares[1].reason == "the customer has withdrawn from peak"
    await world.until(lambda: world.meters["site-1"].power_w == 3000)
    assert [world.meters[f"site-{n}"].asked for n in (2, 3)] == [[], []]

    refused = await operator.call(operator.event(2, -2000, 30, 10), "peak")
    assert refused.result is Result.FAILED
    assert "site-1: peak allows 1 calls a day" in refused.errors[0].reason
    assert "site-2: the customer has withdrawn from peak" in refused.errors[0].reason

    async def completed():
        return (await operator.record(event.id)).status is EventStatus.COMPLETED

    await world.until(completed, 30)
    await operator.stop()
    await world.restart("grid")
    operator = await begun(world, "grid", 3)
    again = await operator.call(operator.event(3, -2000, 30, 10), "peak")
    assert "site-1: peak allows 1 calls a day" in again.errors[0].reason
    await operator.stop()


async def test_a_customer_who_withdraws_is_taken_out_and_the_rest_is_divided_anew(world):
    world.programmes["grid"] = (peak(),)
    world.enrolments = (consent("site-1", "m1"), consent("site-2", "m2"))
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await begun(world, "grid", 2)
    event = operator.event(11, -3000, 5, 60)
    assert (await operator.call(event, "peak")).result is Result.OK
    await world.until(lambda: world.meters["site-1"].power_w == 4000)
    world.enrolments = (consent("site-1", "m1", is_given=False, hours=2), world.enrolments[1])
    await world.restart("site-1")

    async def is_out():
        record = await operator.record(event.id)
        return shares_of(record) == {"site-1": (Opt.OUT, 0), "site-2": (Opt.IN, -3000)}

    await world.until(is_out, 30)
    assert "withdrawn from peak" in (await operator.record(event.id)).shares[0].reason
    await world.until(lambda: world.meters["site-1"].power_w == 5000)
    await world.until(lambda: world.meters["site-2"].power_w == 5000)
    await operator.cancel(event.id)
    await operator.stop()


async def test_opt_schedules_answer_for_the_owner_and_nobody_asks_the_program(world):
    start = datetime(2000, 1, 1, 0)  # noqa: DTZ001 a wall clock has no zone
    daily = {"zone": "UTC", "start": start, "duration_s": 86_400, "rule": "FREQ=DAILY"}
    away = OptSchedule(id=derived_id("s", 1), opt=Opt.OUT, reason="holidays", **daily)
    ready = OptSchedule(id=derived_id("s", 2), opt=Opt.IN, reason="always", **daily)
    world.schedules = {"site-1": (away,), "site-2": (ready,)}
    world.vtn("grid", "site-1", "site-2", "site-3")
    for number in (1, 2, 3):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await begun(world, "grid", 3)
    event = await operator.dispatch(21, -4000, start_in=8, answer_in=6, seconds=15)

    async def answered():
        told = shares_of(await operator.record(event))
        return told["site-2"] == (Opt.IN, -2000) and told["site-3"] == (Opt.IN, -2000)

    await world.until(answered)
    reasons = {share.party: share.reason for share in (await operator.record(event)).shares}
    assert reasons == {
        "site-1": "opt schedule: holidays",
        "site-2": "opt schedule: always",
        "site-3": "",
    }
    assert [world.meters[f"site-{n}"].asked for n in (1, 2, 3)] == [[], [], [-2000]]
    await operator.cancel(event)
    await operator.stop()


async def test_who_is_silent_at_the_deadline_takes_part_where_the_programme_says_so(world):
    world.programmes["grid"] = (peak(silence=Opt.IN),)
    world.enrolments = (consent("site-1", "m1"),)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.meters["site-1"].hesitates = True
    world.start()
    operator = await begun(world, "grid", 1)
    event = operator.event(31, -2000, 6, 10)
    assert (await operator.call(event, "peak")).result is Result.OK

    async def taken():
        return shares_of(await operator.record(event.id)) == {"site-1": (Opt.IN, -2000)}

    await world.until(taken)
    await world.until(lambda: world.meters["site-1"].power_w == 3000)
    await operator.stop()


@pytest.mark.parametrize("has_programme", [True, False])
async def test_a_gateway_is_called_as_one_and_asks_below_by_its_own_rules(world, has_programme):
    world.programmes["grid"] = (peak(),)
    if has_programme:
        world.programmes["agg-1-sites"] = (peak(),)
    world.enrolments = (consent("agg-1", "agg-1"), consent("site-1", "m1"))
    world.vtn("grid", "agg-1", "agg-2")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.gateway("agg-2", "grid", "site-3")
    for number, place in ((1, "agg-1"), (2, "agg-1"), (3, "agg-2")):
        world.site(f"site-{number}", f"{place}-sites", Meter(f"m{number}", 5000, 3000))
    world.start()
    await (await begun(world, "agg-1-sites", 2)).stop()
    operator = await begun(world, "grid", 2)
    event = operator.event(41, -2000, 10, 15)
    assert (await operator.call(event, "peak")).result is Result.OK

    async def answered():
        return shares_of(await operator.record(event.id)) == {"agg-1": (Opt.IN, -2000)}

    await world.until(answered)
    asked = [world.meters[f"site-{n}"].asked for n in (1, 2, 3)]
    assert asked == ([[-2000], [], []] if has_programme else [[-1000], [-1000], []])
    await world.until(lambda: world.meters["site-1"].power_w == (3000 if has_programme else 4000))
    await operator.cancel(event.id)
    await world.until(lambda: world.meters["site-1"].set_point is None)
    await operator.stop()


@pytest.mark.parametrize(("rule", "power_w"), [(LossRule.RELEASE, 5000), (LossRule.FAILSAFE, 1000)])
async def test_an_event_ends_as_its_programme_says_when_the_vtn_is_lost(world, rule, power_w):
    world.heartbeat = timedelta(seconds=2)
    world.failsafe = FailsafeSettings(
        import_w=1000, export_w=0, vtn_lost_s=1000, server_lost_s=1000, longest_delay_s=0
    )
    world.programmes["grid"] = (peak(on_loss=rule, loss_after_s=10),)
    world.enrolments = (consent("site-1", "m1"),)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 5000))
    world.start()
    operator = await begun(world, "grid", 1)
    event = operator.event(51, -2000, 5, 600)
    assert (await operator.call(event, "peak")).result is Result.OK
    await world.until(lambda: world.meters["site-1"].power_w == 3000)
    await operator.stop()
    await world.stop("grid")
    await world.until(lambda: world.meters["site-1"].power_w == power_w, 30)


async def test_a_set_point_calls_by_the_rules_of_its_programme(world):
    """Who is not bound is not in the sum, and a call counts towards the budget."""
    world.programmes["grid"] = (peak(calls_per_day=1, notice_s=2),)
    world.enrolments = (
        consent("site-1", "m1"),
        consent("site-2", "m2"),
        consent("site-4", "m4", is_given=False),
    )
    world.vtn("grid", *(f"site-{number}" for number in (1, 2, 3, 4)))
    for number in (1, 2, 3, 4):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 3000))
    world.start()
    operator = await begun(world, "grid", 4)

    def given(number, start_in=5):
        event = operator.event(number, -1, start_in, 10)
        return event.model_copy(update={"signal": TargetPower(power_w=6000)})

    early = await operator.call(given(41, 1.5), "peak")
    assert "peak needs 2 s of notice" in early.errors[0].reason
    event = given(42)
    assert (await operator.call(event, "peak")).result is Result.OK
    powers = [3000, 3000, 5000, 5000]
    await world.until(lambda: [m.power_w for m in world.meters.values()] == powers)
    record = await operator.record(event.id)
    assert {s.party: s.asked_w for s in record.shares} == {"site-1": -2000, "site-2": -2000}
    refused = await operator.call(given(43, 30), "peak")
    assert "site-1: peak allows 1 calls a day" in refused.errors[0].reason
    await operator.stop()


async def test_a_limit_binds_those_alone_whom_its_programme_calls(world):
    """What it does not call it does not bound; a no counts as load, and a call as a call."""
    world.programmes["grid"] = (peak(calls_per_day=1),)
    world.enrolments = (consent("site-1", "m1"), consent("site-2", "m2"))
    world.vtn("grid", "site-1", "site-2", "site-3")
    for number in (1, 2, 3):
        world.site(f"site-{number}", "grid", Meter(f"m{number}", 5000, 5000))
    world.start()
    operator = await begun(world, "grid", 3)

    def given(number, **changes):
        limit = Limit(limit_w=6000, direction=Direction.IMPORT, **changes)
        return operator.event(number, -1, 5, 10).model_copy(update={"signal": limit})

    mandatory = await operator.call(given(51, is_mandatory=True), "peak")
    assert "belongs to no programme" in mandatory.errors[0].reason
    elsewhere = await operator.call(given(52, at=Place.CONNECTION_POINT), "peak")
    assert "at the terminals" in elsewhere.errors[0].reason
    event = given(53)
    assert (await operator.call(event, "peak")).result is Result.OK
    powers = [3000, 3000, 5000]
    await world.until(lambda: [m.power_w for m in world.meters.values()] == powers)
    record = await operator.record(event.id)
    assert [share.party for share in record.shares] == ["site-1", "site-2"]
    refused = await operator.call(operator.event(54, -1000, 30, 10), "peak")
    assert "site-1: peak allows 1 calls a day" in refused.errors[0].reason
    await operator.stop()
