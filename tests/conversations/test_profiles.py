"""Domains that speak OpenADR's payloads, and a gateway between two profiles (annex B)."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.testing.meter import Meter
from xmpp_cem.wire.openadr.profile import OPENADR_20B

pytestmark = [pytest.mark.timeout(120)]


async def gathered(world, operator, count):
    async def are_here():
        members = (await operator.members()).members
        here = [m for m in members if m.availability is Availability.AVAILABLE and m.decrease_w]
        return len(here) == count

    await world.until(are_here, 40)


async def test_sites_of_an_openadr_domain_answer_deliver_and_report(world):
    world.profiles["grid"] = OPENADR_20B
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 2)
    event = await operator.dispatch(71, -4500, seconds=12)

    async def promised():
        record = await operator.record(event)
        return {s.party: s.promised_w for s in record.shares} == {"site-1": -1500, "site-2": -3000}

    await world.until(promised)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)

    async def measured():
        record = await operator.record(event)
        return record.status is EventStatus.COMPLETED and record.delivered_w == -4500

    await world.until(measured, 40)
    await operator.stop()


async def test_a_cancel_reaches_the_sites_of_an_openadr_domain(world):
    world.profiles["grid"] = OPENADR_20B
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)
    event = await operator.dispatch(72, -1000, seconds=60)
    await world.until(lambda: world.meters["site-1"].power_w == 4000, 30)
    await operator.cancel(event)
    await world.until(lambda: world.meters["site-1"].power_w == 5000, 20)
    await operator.stop()


async def test_a_site_leaves_its_failsafe_while_an_openadr_event_is_live(world):
    """What the profile cannot say of an event is not missed in the index (answer_by is not)."""
    world.profiles["grid"] = OPENADR_20B
    world.heartbeat = timedelta(seconds=2)
    world.failsafe = FailsafeSettings(
        import_w=2000, export_w=0, vtn_lost_s=10, server_lost_s=10, longest_delay_s=0
    )
    meter = Meter("m1", 5000, 3000)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", meter)
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 1)
    await world.until(lambda: meter.power_w == 5000, 40)
    event = await operator.dispatch(75, -1000, start_in=600, answer_in=300, seconds=60)

    async def promised():
        (share,) = (await operator.record(event)).shares
        return share.opt is Opt.IN

    await world.until(promised, 40)
    await world.stop("grid")
    await world.until(lambda: meter.power_w == 2000, 40)
    await world.restart("grid")
    await world.until(lambda: meter.power_w == 5000, 60)
    await operator.stop()


async def test_a_gateway_stands_between_openadr_above_and_the_iec_profile_below(world):
    world.profiles["grid"] = OPENADR_20B
    world.vtn("grid", "agg-1")
    world.gateway("agg-1", "grid", "site-1", "site-2")
    world.site("site-1", "agg-1-sites", Meter("m1", 5000, 3000))
    world.site("site-2", "agg-1-sites", Meter("m2", 8000, 6000))
    world.start()
    below = await world.operator("agg-1-sites")
    await gathered(world, below, 2)
    operator = await world.operator("grid")

    async def offers_all():
        (member,) = (await operator.members()).members
        return member.availability is Availability.AVAILABLE and member.decrease_w == 9000

    await world.until(offers_all, 40)
    event = await operator.dispatch(73, -4500, start_in=6, answer_in=5, seconds=14)

    async def answered():
        (share,) = (await operator.record(event)).shares
        return (share.opt, share.promised_w) == (Opt.IN, -4500)

    await world.until(answered, 20)
    await world.until(lambda: [m.power_w for m in world.meters.values()] == [3500, 5000], 30)

    async def measured():
        record = await operator.record(event)
        return record.status is EventStatus.COMPLETED and record.delivered_w == -4500

    await world.until(measured, 40)
    await operator.stop()
    await below.stop()


async def test_who_is_away_by_an_opt_schedule_is_not_asked_in_an_openadr_domain(world):
    """The VEN tells it by oadrCreateOpt, for its registration has no place for it."""
    world.profiles["grid"] = OPENADR_20B
    now = world.clock.now()
    away = OptSchedule(
        id=derived_id("away"),
        opt=Opt.OUT,
        zone="Europe/Berlin",
        start=now.astimezone(ZoneInfo("Europe/Berlin")).replace(microsecond=0, tzinfo=None),
        duration_s=3600,
    )
    world.schedules["site-1"] = (away,)
    world.vtn("grid", "site-1", "site-2")
    world.site("site-1", "grid", Meter("m1", 5000, 3000))
    world.site("site-2", "grid", Meter("m2", 8000, 6000))
    world.start()
    operator = await world.operator("grid")
    await gathered(world, operator, 2)
    event = await operator.dispatch(74, -4500, seconds=12)

    async def promised():
        record = await operator.record(event)
        asked = {s.party: (s.asked_w, s.promised_w) for s in record.shares}
        return asked == {"site-1": (0, 0), "site-2": (-4500, -4500)}

    await world.until(promised)
    assert world.meters["site-1"].power_w == 5000
    await operator.stop()
