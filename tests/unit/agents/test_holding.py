import asyncio
from datetime import timedelta

import pytest

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.holding import try_failsafe
from xmpp_cem.agents.trial import Verdict
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import Jid
from xmpp_cem.testing.clock import ManualClock
from xmpp_cem.wire.digests import digest


class House:
    def __init__(self, power_w, *, obeys=True, failsafe=None):
        self.free_w, self.obeys, self.set_point = power_w, obeys, None
        self.clock = ManualClock()
        ven = VenSettings("site", "grid", Jid("vtn@h", "vtn"), digest, seed="s", boot="b")
        self.settings = SiteSettings(ven, failsafe=failsafe)
        self.least_w = power_w

    async def read(self):
        power_w = self.free_w if self.set_point is None else self.set_point
        self.least_w = min(self.least_w, power_w)
        sample = {"power_w": power_w, "increase_w": self.free_w - power_w, "decrease_w": power_w}
        return [Sample(resource="r", **sample)]

    async def act(self, point):
        if self.obeys:
            self.set_point = point.power_w

    async def tried(self):
        checks = []
        program = FunctionSite(self.read, self.act)
        work = try_failsafe(self.settings, program, self.clock, 500, 10, checks.append)
        running = asyncio.ensure_future(work)
        while not running.done():
            await self.clock.advance(timedelta(seconds=0.5))
        await running
        (check,) = checks
        return check


LIMIT = FailsafeSettings(import_w=4000, export_w=4000)


async def test_without_a_vtn_the_configured_limit_is_held():
    house = House(9000, failsafe=LIMIT)
    check = await house.tried()
    assert check.verdict is Verdict.PASSED
    assert house.least_w <= 4000


async def test_a_limit_above_the_present_power_is_tried_a_step_below_it():
    house = House(3000, failsafe=LIMIT)
    check = await house.tried()
    assert check.verdict is Verdict.PASSED
    assert "limit of 2500 W import" in check.detail
    assert house.least_w <= 2500


async def test_devices_that_do_not_obey_fail():
    check = await House(9000, obeys=False, failsafe=LIMIT).tried()
    assert check.verdict is Verdict.FAILED
    assert "9000 W before and 9000 W with it" in check.detail


async def test_without_a_failsafe_nothing_is_claimed():
    check = await House(9000).tried()
    assert check.verdict is Verdict.SKIPPED


@pytest.mark.parametrize("samples", [[], [Sample(resource="r", power_w=0, is_faulty=True)]])
async def test_devices_that_cannot_be_read_fail(samples):
    house = House(9000, failsafe=LIMIT)

    async def read():
        return samples

    house.read = read
    assert (await house.tried()).verdict is Verdict.FAILED
