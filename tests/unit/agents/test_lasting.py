from datetime import timedelta

import pytest

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.lasting import Last, Lasts, LastsFile
from xmpp_cem.agents.witnessed import WitnessedSite
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Delivery, LinkDown, LinkFailed, LinkUp, PresenceSeen, Stage
from xmpp_cem.testing.builders import NOW, at

VTN = Jid("vtn@h", "vtn")


class Box:
    def __init__(self, folder):
        self.now = NOW
        self.file = LastsFile.beside(folder / "site.sqlite")
        self.lasts = Lasts(lambda: self.now, self.file)
        self.lasts.vtn = VTN

    def words(self):
        return {what: last.is_good for what, last in self.lasts.known.items()}


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path)


@pytest.mark.parametrize("failed", Stage)
def test_what_lies_before_a_stage_that_fails_has_worked(box, failed):
    box.lasts.take(LinkFailed(failed, "no\nway"))
    stages = list(Stage)
    tried = stages[: stages.index(failed) + 1]
    assert box.words() == {stage.value: stage is not failed for stage in tried}
    assert box.lasts.known[failed.value].reason == "no way"


def test_a_login_proves_all_stages_and_admission_only_once_the_vtn_shows_itself(box):
    box.lasts.take(LinkUp(Jid("site@h", "ven")))
    assert box.words() == dict.fromkeys((stage.value for stage in Stage), True) | {
        "admission": False
    }
    box.now = at(2)
    box.lasts.take(PresenceSeen(Jid("other@h", "vtn"), is_available=True))
    assert box.words()["admission"] is False
    box.lasts.take(PresenceSeen(VTN, is_available=True))
    assert box.words()["admission"] is True


def test_a_failure_does_not_erase_the_last_success(box):
    box.lasts.take(LinkUp(Jid("site@h", "ven")))
    box.now = at(60)
    box.lasts.take(LinkDown("cut"))
    login = box.lasts.known["login"]
    assert (login.success, login.failure, login.is_good) == (NOW, at(60), False)


@pytest.mark.parametrize(("stamp", "is_good"), [(NOW, True), (at(-3600), False)])
def test_the_clock_is_compared_with_what_comes_live_from_the_vtn(box, stamp, is_good):
    text = f"<Timestamp>{stamp:%Y-%m-%dT%H:%M:%SZ}</Timestamp>".encode()
    box.lasts.take(Delivery(Jid("pubsub.h"), "n", "index", text))
    assert box.words()["clock"] is is_good


@pytest.mark.parametrize("payload", [b"", b"<Timestamp>--------------------</Timestamp>"])
def test_an_item_without_time_says_nothing_of_the_clock(box, payload):
    box.lasts.take(Delivery(Jid("pubsub.h"), "n", "index", payload))
    assert "clock" not in box.words()


def test_everything_is_known_again_after_a_restart(box, tmp_path):
    box.lasts.take(LinkFailed(Stage.TCP, "refused"))
    assert Box(tmp_path).lasts.known == box.lasts.known


def test_what_goes_on_well_is_written_every_ten_minutes_and_a_change_at_once(box):
    box.lasts.well("driver car")
    box.now = at(500)
    box.lasts.well("driver car")
    assert box.file.read()["driver car"].success == NOW
    box.lasts.badly("driver car", "no line")
    assert box.file.read()["driver car"].failure == at(500)
    box.now = at(1200)
    box.lasts.badly("driver car", "no line")
    assert box.file.read()["driver car"].failure == at(1200)


def test_a_damaged_file_is_told_and_does_no_harm_to_the_agent(box, tmp_path):
    box.file.path.write_text("nonsense")
    with pytest.raises(ConfigError, match="remove it"):
        box.file.read()
    assert Box(tmp_path).lasts.known == {}


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path):
    box = Box(tmp_path / "gone")
    box.lasts.well("clock")
    assert box.words() == {"clock": True}


def test_nothing_is_neither_good_nor_bad():
    assert Last().is_good is None
    both = Last(success=NOW, failure=NOW + timedelta(seconds=1))
    assert both.is_good is False


async def test_each_device_is_noted_at_each_reading(box):
    samples = [
        Sample(resource="car", power_w=1),
        Sample(resource="pump", power_w=0, is_faulty=True, fault="no line"),
    ]

    async def read():
        return samples

    async def act(_):
        return None

    site = WitnessedSite(FunctionSite(read, act), box.lasts)
    assert await site.read() == tuple(samples)
    assert box.words() == {"driver car": True, "driver pump": False}
    assert box.lasts.known["driver pump"].reason == "no line"
