"""A running agent tries its own devices, and goes on with the others."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from tests.unit.agents.test_trial import Device
from xmpp_cem.agents.application import DrivenSite
from xmpp_cem.agents.holding import hold_together
from xmpp_cem.agents.lent import HELD, LendingSite
from xmpp_cem.agents.trial import Limits, Verdict
from xmpp_cem.agents.trialfile import TrialFile, TrialOrder, tried_by_agent
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.drivers.supervised import LENT, Patience, Supervised
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import SetPoint
from xmpp_cem.model.ids import Jid
from xmpp_cem.testing.clock import ManualClock
from xmpp_cem.wire.digests import digest

LIMIT = FailsafeSettings(import_w=4000, export_w=4000)


class House:
    """A site of a car and a pump whose agent looks at them twice a second."""

    def __init__(self, folder, failsafe=LIMIT):
        self.clock = ManualClock()
        self.devices = {name: Device(self.clock, reverts_s=10) for name in ("car", "pump")}
        self.file = TrialFile.beside(folder / "site.sqlite")
        self.held = set()
        self.points = {"car": None, "pump": None}
        supervised = {
            name: Supervised(name, device, self.clock, Patience())
            for name, device in self.devices.items()
        }
        driven = DrivenSite(supervised)
        ven = VenSettings("site", "grid", Jid("vtn@h", "vtn"), digest, seed="s", boot="b")
        settings = SiteSettings(ven, failsafe=failsafe)
        hold = partial(hold_together, settings, patience=Patience()) if failsafe else None
        is_held = lambda name, _: name in self.held  # noqa: E731
        self.site = LendingSite(driven, self.file, is_held, self.clock, hold)
        self.checks = []
        self.faults = {"car": [], "pump": []}

    async def look(self):
        await self.site.apply(
            tuple(SetPoint(resource=name, power_w=w) for name, w in self.points.items())
        )
        for sample in await self.site.read():
            self.faults[sample.resource].append(sample.fault)

    async def pass_(self, seconds, then=None):
        for _ in range(int(seconds * 2)):
            looking = asyncio.create_task(self.look())
            await self.clock.advance(timedelta(seconds=0.5))
            await looking
            if then:
                then()

    async def commission(self, *resources, seconds=90, then=None, failsafe=False):
        order = TrialOrder(
            id="1",
            at=self.clock.now(),
            resources=resources,
            limits=Limits(),
            failsafe=failsafe,
        )
        asking = asyncio.create_task(
            tried_by_agent(self.file, order, self.clock, self.checks.append)
        )
        await self.pass_(seconds, then)
        if not asking.done():
            asking.cancel()
        await asyncio.wait((asking,))
        return {(c.of, c.what): (c.verdict, c.detail) for c in self.checks}, asking


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


async def test_a_trial_that_dies_of_a_bug_is_logged_and_the_site_goes_on(house, monkeypatch):
    def broken(*_):
        raise RuntimeError("bug")

    monkeypatch.setattr("xmpp_cem.agents.lent.Trial", broken)
    with capture_logs() as logs:
        await house.commission("car", seconds=20)
    assert [(line["task"], line["why"]) for line in logs if "died" in line["event"]] == [
        ("trial", "RuntimeError('bug')")
    ]
    assert house.faults["pump"][-1] == ""


async def test_one_device_after_the_other_is_tried_while_the_others_go_on(house):
    house.points["pump"] = None
    checks, asking = await house.commission("car", "pump", seconds=120)
    assert asking.exception() is None
    for name in ("car", "pump"):
        assert checks[name, "step"] == (
            Verdict.PASSED,
            "asked for -500 W, the meter moved by -500 W",
        )
        assert checks[name, "timer"][0] is Verdict.PASSED
        assert checks[name, "release"][0] is Verdict.PASSED
    at_once = zip(house.faults["car"], house.faults["pump"], strict=True)
    assert (LENT, LENT) not in list(at_once)
    assert LENT in house.faults["car"]
    await house.pass_(5)
    assert [faults[-1] for faults in house.faults.values()] == ["", ""]


async def test_a_reversed_meter_is_found(house):
    await house.pass_(2)
    house.devices["car"].sign = -1
    checks, _ = await house.commission("car")
    assert (
        checks["car", "step"][0],
        "wrong way round" in checks["car", "step"][1],
    ) == (Verdict.FAILED, True)


async def test_what_the_customer_keeps_or_an_event_moves_is_not_tried(house):
    house.held.add("car")
    house.points["pump"] = 2000
    checks, _ = await house.commission("car", "pump")
    assert checks["car", "step"] == (Verdict.SKIPPED, HELD)
    assert checks["pump", "step"][0] is Verdict.SKIPPED
    assert "an event, a limit or failsafe" in checks["pump", "step"][1]
    assert house.devices["pump"].set_point == 2000


async def test_an_event_that_begins_ends_the_trial_and_has_the_device(house):
    def begin():
        if LENT in house.faults["car"]:
            house.points["car"] = 1000

    checks, asking = await house.commission("car", seconds=30, then=begin)
    assert asking.exception() is None
    assert checks["car", "step"][0] is Verdict.SKIPPED
    assert "interrupted: an event" in checks["car", "step"][1]
    assert checks["car", "release"][0] is Verdict.PASSED
    assert house.devices["car"].set_point == 1000


async def test_an_order_that_is_taken_back_ends_and_releases(house):
    await house.pass_(1)
    await house.commission("car", seconds=3)
    await house.pass_(3)
    assert house.devices["car"].set_point is None
    assert "release" in house.devices["car"].calls
    assert house.faults["car"][-1] == ""
    assert house.file.news("1") is None or house.file.news("1").is_done


async def test_a_device_that_hangs_is_said(house):
    house.devices["car"].hangs = {"read"}
    await house.pass_(1)
    checks, _ = await house.commission("car", seconds=30)
    assert checks["car", "driver"] == (Verdict.FAILED, "its driver hangs")


async def test_an_old_order_and_an_unknown_resource_move_nothing(house):
    old = TrialOrder(
        id="0",
        at=house.clock.now() - timedelta(seconds=61),
        resources=("car",),
        limits=Limits(),
    )
    house.file.give(old)
    await house.pass_(3)
    assert house.file.news("0") is None
    checks, _ = await house.commission("boiler", seconds=5)
    assert checks["boiler", "driver"][0] is Verdict.FAILED


async def test_who_tries_nothing_is_said(house, tmp_path):
    order = TrialOrder(id="1", at=house.clock.now(), resources=("car",), limits=Limits())
    asking = asyncio.create_task(tried_by_agent(house.file, order, house.clock, print))
    for _ in range(40):
        await house.clock.advance(timedelta(seconds=0.5))
    with pytest.raises(ConfigError, match="tries no devices"):
        await asking
    assert house.file.order() is None


async def test_the_end_of_the_agent_releases_what_is_tried(house):
    await house.pass_(1)
    order = TrialOrder(id="1", at=house.clock.now(), resources=("car",), limits=Limits())
    house.file.give(order)
    await house.pass_(4)
    assert house.devices["car"].set_point == 2500
    closing = asyncio.create_task(house.site.close())
    for _ in range(20):
        await house.clock.advance(timedelta(seconds=0.5))
    await closing
    assert house.devices["car"].set_point is None
    assert house.file.news("1").is_done


FAILSAFE = ("site", "failsafe")


def is_all_lent(house):
    return all(faults and faults[-1] == LENT for faults in house.faults.values())


async def test_failsafe_is_tried_with_all_devices_which_the_control_loop_has_again_then(house):
    await house.pass_(2)
    powers = []
    checks, asking = await house.commission(
        seconds=40,
        failsafe=True,
        then=lambda: powers.append(sum(each.power_w for each in house.devices.values())),
    )
    assert asking.exception() is None
    verdict, told = checks[FAILSAFE]
    assert (verdict, told.split(";")[0]) == (
        Verdict.PASSED,
        "limit of 4000 W import, 4000 W export",
    )
    assert (powers[0], min(powers) <= 4000, powers[-1]) == (6000, True, 6000)
    for name, device in house.devices.items():
        assert checks[name, "release"][0] is Verdict.PASSED
        assert "close" not in device.calls
    house.points["car"] = 1000
    await house.pass_(2)
    assert house.devices["car"].set_point == 1000
    assert [faults[-1] for faults in house.faults.values()] == ["", ""]


async def test_failsafe_that_a_device_does_not_follow_fails_and_is_given_back(house):
    await house.pass_(2)
    for device in house.devices.values():
        device.obeys = False
    checks, _ = await house.commission(seconds=60, failsafe=True)
    assert checks[FAILSAFE][0] is Verdict.FAILED
    assert "took 6000 W before and 6000 W with it" in checks[FAILSAFE][1]
    await house.pass_(2)
    assert not is_all_lent(house)


async def test_failsafe_is_not_tried_where_one_device_is_not_free(house):
    house.points["pump"] = 2000
    checks, _ = await house.commission(seconds=10, failsafe=True)
    assert checks[FAILSAFE][0] is Verdict.SKIPPED
    assert checks[FAILSAFE][1].startswith("pump: an event, a limit or failsafe decides")
    assert LENT not in house.faults["car"]
    assert house.devices["pump"].set_point == 2000


async def test_failsafe_is_left_alone_where_none_is_configured(tmp_path):
    house = House(tmp_path, failsafe=None)
    checks, _ = await house.commission(seconds=10, failsafe=True)
    assert checks[FAILSAFE][0] is Verdict.SKIPPED
    assert "none is configured" in checks[FAILSAFE][1]
    assert LENT not in house.faults["car"]


async def test_an_event_that_begins_ends_the_trial_of_failsafe_and_has_the_device(house):
    await house.pass_(2)

    def begin():
        if is_all_lent(house) and house.devices["car"].set_point is not None:
            house.points["car"] = 1000

    checks, asking = await house.commission(seconds=30, then=begin, failsafe=True)
    assert asking.exception() is None
    assert checks[FAILSAFE][0] is Verdict.SKIPPED
    assert "interrupted: an event" in checks[FAILSAFE][1]
    assert house.devices["car"].set_point == 1000
    assert house.devices["pump"].set_point is None
    assert [faults[-1] for faults in house.faults.values()] == ["", ""]


async def test_failsafe_is_not_tried_with_half_of_the_devices(house):
    await house.pass_(2)
    house.devices["pump"].hangs = {"read"}
    await house.pass_(1)
    checks, _ = await house.commission(seconds=30, failsafe=True)
    assert checks["pump", "driver"] == (Verdict.FAILED, "its driver hangs")
    assert FAILSAFE not in checks
    assert "apply" not in house.devices["car"].calls
    assert house.faults["car"][-1] == ""
