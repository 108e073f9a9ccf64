from datetime import timedelta

import pytest

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.overriding import OverridableSite, Override, OverrideFile
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.testing.builders import NOW, at, make_event

HOUR = Override(since=NOW, until=at(3600), reason="guests")
CAR = Override(resource="car", since=NOW)
POINTS = (SetPoint(resource="car", power_w=1), SetPoint(resource="pump", power_w=2))


@pytest.fixture
def file(tmp_path):
    return OverrideFile.beside(tmp_path / "site.sqlite")


class House:
    """Two devices that do what they are told, at a time that a test sets."""

    def __init__(self, file):
        self.points = {}
        self.now = NOW
        functions = FunctionSite(self.read, self.act)
        self.site = OverridableSite(functions, file, lambda: self.now)

    async def read(self):
        return [Sample(resource=each, power_w=0, decrease_w=5) for each in ("car", "pump")]

    async def act(self, point):
        self.points[point.resource] = point.power_w

    async def held(self):
        return {s.resource: s.reason for s in await self.site.read() if s.is_overridden}


@pytest.fixture
def house(file):
    return House(file)


async def test_without_a_file_nothing_is_overridden(house):
    assert await house.held() == {}
    await house.site.apply(POINTS)
    assert house.points == {"car": 1, "pump": 2}
    assert (await house.site.decide(make_event(), -5)).opt is Opt.IN


async def test_an_override_wins_over_set_points_until_it_is_taken_back(house, file):
    file.add(CAR, NOW)
    assert await house.held() == {"car": ""}
    await house.site.apply(POINTS)
    assert house.points == {"car": None, "pump": 2}
    file.remove(None, NOW)
    assert await house.held() == {}


async def test_an_override_of_all_ends_by_itself(house, file):
    file.add(HOUR, NOW)
    assert await house.held() == {"car": "guests", "pump": "guests"}
    house.now = at(3600)
    assert await house.held() == {}


async def test_it_is_told_when_the_last_override_of_a_resource_ends(house, file):
    file.add(HOUR, NOW)
    assert [s.overridden_until for s in await house.site.read()] == [at(3600), at(3600)]
    file.add(CAR, NOW)
    assert [s.overridden_until for s in await house.site.read()] == [None, at(3600)]


async def test_who_starts_anew_finds_the_override(house, file):
    file.add(HOUR, NOW)
    assert await House(file).held() == {"car": "guests", "pump": "guests"}


async def test_a_broken_file_leaves_the_override_as_it_was(house, file):
    file.add(CAR, NOW)
    assert await house.held() == {"car": ""}
    file.path.write_text("{")
    assert await house.held() == {"car": ""}


async def test_who_cannot_know_leaves_the_devices_to_the_customer(house, file):
    file.path.write_text("{")
    assert set(await house.held()) == {"car", "pump"}
    await house.site.apply(POINTS)
    assert house.points == {"car": None, "pump": None}
    file.remove(None, NOW)
    assert await house.held() == {}


def test_overrides_are_kept_one_for_each_resource(file):
    file.add(CAR, NOW)
    file.add(CAR.model_copy(update={"reason": "trip"}), NOW)
    file.add(HOUR, NOW)
    assert [each.reason for each in file.read(NOW)] == ["trip", "guests"]
    assert file.read(at(3600)) == (CAR.model_copy(update={"reason": "trip"}),)


def test_one_of_all_cannot_be_taken_back_alone(file):
    file.add(HOUR, NOW)
    with pytest.raises(ConfigError, match="without --resource"):
        file.remove("car", NOW)
    file.remove("car", NOW + timedelta(hours=1))
    assert file.read(NOW) == ()


def test_a_file_is_written_whole_or_not_at_all(file, monkeypatch):
    file.add(CAR, NOW)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        file.add(HOUR, NOW)
    assert file.read(NOW) == (CAR,)
    assert [each.name for each in file.path.parent.iterdir()] == [file.path.name]


def test_another_user_can_read_the_file(file):
    file.add(CAR, NOW)
    assert file.path.stat().st_mode & 0o777 == 0o644
