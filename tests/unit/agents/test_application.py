import pytest

from xmpp_cem.agents.application import DrivenSite, FunctionSite, OptIn, OptOut, agree
from xmpp_cem.drivers.driver import Description, Reading
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.testing.builders import make_event

EVENT = make_event()


class Device:
    """A driver that does what a test says."""

    def __init__(self, reading):
        self.reading = reading
        self.applied = []

    def describe(self):
        return Description("device", 5000, 0)

    async def apply(self, power_w):
        if power_w == 666:
            raise OSError("the device does not obey")
        self.applied.append(power_w)

    async def read(self):
        if isinstance(self.reading, Exception):
            raise self.reading
        return self.reading


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


async def test_a_drivers_reading_becomes_a_sample_of_its_resource():
    site = DrivenSite({"r": Device(reading(stored_wh=7))})
    (sample,) = await site.read()
    assert (sample.resource, sample.kind, sample.power_w) == ("r", "device", 1000)
    assert (sample.increase_w, sample.decrease_w, sample.stored_wh) == (100, 200, 7)
    assert not sample.is_faulty


@pytest.mark.parametrize(
    "broken", [OSError("no answer"), reading(0.5), None], ids=["raises", "no whole watts", "none"]
)
async def test_a_driver_that_fails_makes_its_resource_faulty_and_no_other(broken):
    bad = Device(reading(3000))
    site = DrivenSite({"bad": bad, "good": Device(reading(1000))})
    await site.read()
    bad.reading = broken
    first, second = await site.read()
    assert (first.is_faulty, first.power_w) == (True, 3000)
    assert (second.is_faulty, second.power_w) == (False, 1000)
    bad.reading = reading(2000)
    assert [s.is_faulty for s in await site.read()] == [False, False]


async def test_a_device_that_does_not_obey_does_not_stop_the_others():
    devices = {"bad": Device(reading()), "good": Device(reading())}
    site = DrivenSite(devices)
    await site.apply((SetPoint(resource="bad", power_w=666), SetPoint(resource="good", power_w=5)))
    assert (devices["bad"].applied, devices["good"].applied) == ([], [5])


async def test_who_has_taken_local_control_is_not_asked():
    site = DrivenSite({"r": Device(reading(overridden=True)), "s": Device(reading())})
    assert await site.decide(EVENT, -5) == OptIn(-5)
    await site.read()
    assert await site.decide(EVENT, -5) == OptOut("local override")
