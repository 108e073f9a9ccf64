from dataclasses import fields
from datetime import timedelta

import pytest

from xmpp_cem.agents.application import DrivenSite, FunctionSite, OptIn, OptOut, agree
from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.drivers.supervised import Patience, Supervised
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.reading import Correction
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at, make_event
from xmpp_cem.testing.clock import ManualClock

EVENT = make_event()


class Device:
    """A driver that does what a test says."""

    def __init__(self, reading):
        self.reading = reading
        self.applied = []
        self.closed = False

    async def describe(self):
        return Description("device", Limits(rated_import_w=5000, rated_export_w=0))

    async def apply(self, power_w):
        if power_w == 666:
            raise OSError("the device does not obey")
        self.applied.append(power_w)

    async def release(self):
        self.applied.append(None)

    async def read(self):
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading

    async def close(self):
        self.closed = True


def driven(clock, **devices):
    return DrivenSite({n: Supervised(n, d, clock, Patience()) for n, d in devices.items()})


@pytest.fixture
def clock():
    return ManualClock()


def reading(power_w=1000, **changes):
    values = {
        "power_w": power_w,
        "increase_w": 100,
        "decrease_w": 200,
        "import_wh": 5,
        "export_wh": 6,
        "stored_wh": None,
        "overridden": False,
    }
    return Reading(**values | changes)


async def test_without_a_program_of_its_own_a_site_takes_part_with_all_that_is_asked():
    assert await agree(EVENT, -500) == OptIn(-500)
    assert (await agree(EVENT, 0)).opt is Opt.OUT


def test_a_no_promises_nothing():
    assert (OptOut("not today").power_w, OptOut().opt) == (0, Opt.OUT)


async def test_three_functions_make_a_site():
    acted = []

    async def read():
        return [Sample(resource="r", power_w=1)]

    async def act(set_point):
        acted.append(set_point)

    site = FunctionSite(read, act)
    assert await site.decide(EVENT, -5) == OptIn(-5)
    wanted = (SetPoint(resource="r", power_w=5), SetPoint(resource="s", power_w=None))
    await site.apply(wanted)
    assert tuple(acted) == wanted
    assert await site.read() == (Sample(resource="r", power_w=1),)


async def test_a_drivers_reading_becomes_a_sample_of_its_resource(clock):
    (sample,) = await driven(clock, r=Device(reading(stored_wh=7, charge_permille=9))).read()
    assert (sample.resource, sample.kind, sample.power_w) == ("r", "device", 1000)
    assert (sample.increase_w, sample.decrease_w, sample.stored_wh) == (100, 200, 7)
    assert (sample.charge_permille, sample.limits.rated_import_w) == (9, 5000)
    assert (sample.is_faulty, sample.fault) == (False, "")


async def test_nothing_that_a_driver_tells_is_lost(clock):
    span = Interval(start=at(0), end=at(3600))
    told = reading(
        stored_wh=7,
        charge_permille=9,
        needed_wh=800,
        departs=at(7200),
        offered=Offered(decrease_w=50, per_kwh="0.3", currency="EUR", until=at(60)),
        forecast=(Forecast(window=span, increase_w=1, decrease_w=2, power_w=3),),
        corrections=(Correction(window=span, power_w=1),),
        overridden=True,
    )
    (sample,) = await driven(clock, r=Device(told)).read()
    known = {field.name: getattr(told, field.name) for field in fields(told)}
    known["is_overridden"] = known.pop("overridden")
    assert all(known.values())
    assert {name: getattr(sample, name) for name in known} == known


@pytest.mark.parametrize(
    "broken", [OSError("no answer"), reading(0.5), None], ids=["raises", "no whole watts", "none"]
)
async def test_a_driver_that_fails_makes_its_resource_faulty_and_no_other(clock, broken):
    bad = Device(reading(3000))
    site = driven(clock, bad=bad, good=Device(reading(1000)))
    await site.read()
    bad.reading = broken
    await clock.advance(timedelta(seconds=6))
    first, second = await site.read()
    assert (first.is_faulty, first.power_w) == (True, 3000)
    assert first.fault
    assert (second.is_faulty, second.power_w) == (False, 1000)
    bad.reading = reading(2000)
    await clock.advance(timedelta(seconds=2))
    assert [s.is_faulty for s in await site.read()] == [False, False]


async def test_a_resource_that_was_never_read_is_faulty(clock):
    (sample,) = await driven(clock, r=Device(OSError("no route"))).read()
    assert (sample.is_faulty, sample.fault) == (True, "OSError: no route")


async def test_a_device_that_does_not_obey_does_not_stop_the_others(clock):
    devices = {"bad": Device(reading()), "good": Device(reading())}
    site = driven(clock, **devices)
    await site.apply((SetPoint(resource="bad", power_w=666), SetPoint(resource="good", power_w=5)))
    first, second = await site.read()
    assert (first.fault, second.fault) == ("OSError: the device does not obey", "")
    assert (devices["bad"].applied, devices["good"].applied) == ([], [5])


async def test_a_site_that_ends_lets_go_of_its_devices(clock):
    device = Device(reading())
    site = driven(clock, r=device)
    await site.apply((SetPoint(resource="r", power_w=5),))
    await site.read()
    await site.close()
    assert (device.applied, device.closed) == ([5, None], True)
