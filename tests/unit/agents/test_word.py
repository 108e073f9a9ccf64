import pytest

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.word import Calendar, ListeningSite, Said, Word, WordFile
from xmpp_cem.core.inputs import OwnerSaid
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import Consent, Enrolment
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import at
from xmpp_cem.testing.meter import Meter

SEASON = Interval(start=at(-1000), end=at(100_000))


def consent(seconds, *, is_given):
    return Consent(is_given=is_given, version=1, at=at(seconds))


def enrolled(resource, seconds=-60):
    given = consent(seconds, is_given=True)
    return Enrolment(programme="peak", party="a", resource=resource, valid=SEASON, consent=given)


def said(seconds, *, is_given=False, resource=None, programme="peak"):
    word = consent(seconds, is_given=is_given)
    return Said(programme=programme, resource=resource, consent=word)


def away(name="away", reason=""):
    return OptSchedule(
        id=derived_id(name),
        opt=Opt.OUT,
        zone="UTC",
        start="2026-01-15T00:00:00",
        duration_s=3600,
        reason=reason,
    )


def spoken(word, enrolments=(), schedules=(), resources=("r", "s")):
    return word.spoken("a", resources, enrolments, schedules)


def given_of(told):
    return {e.resource: e.consent.is_given for e in told.enrolments if e.consent}


def test_a_withdrawal_is_newer_than_what_the_file_says():
    word = Word().with_consent(said(0))
    assert given_of(spoken(word, (enrolled("r"), enrolled("s")))) == {"r": False, "s": False}
    one = Word().with_consent(said(0, resource="r"))
    assert given_of(spoken(one, (enrolled("r"), enrolled("s")))) == {"r": False, "s": True}


def test_what_the_file_says_later_counts_again():
    word = Word().with_consent(said(0))
    assert given_of(spoken(word, (enrolled("r", seconds=10),)))["r"] is True


def test_a_word_on_a_programme_that_the_file_does_not_name_binds_the_resources():
    told = spoken(Word().with_consent(said(0, is_given=True, programme="night")))
    assert [(e.programme, e.resource) for e in told.enrolments] == [("night", "r"), ("night", "s")]


def test_the_last_word_on_the_same_counts():
    word = Word().with_consent(said(0)).with_consent(said(5, is_given=True))
    assert len(word.consents) == 1
    assert given_of(spoken(word)) == {"r": True, "s": True}


def test_schedules_are_added_replaced_and_taken_away_by_name():
    own = (("away", away()), ("party", away("party")))
    word = Word().with_calendar(Calendar(name="away", schedule=away(reason="new")))
    word = word.with_calendar(Calendar(name="party"))
    assert spoken(word, schedules=own).schedules == (away(reason="new"),)


def test_what_was_said_is_kept(tmp_path):
    file = WordFile.beside(tmp_path / "site.sqlite")
    assert file.read() == Word()
    word = Word().with_consent(said(0)).with_calendar(Calendar(name="away", schedule=away()))
    file.write(word)
    assert WordFile(tmp_path / "site.sqlite.word").read() == word
    file.path.write_text("{")
    with pytest.raises(ConfigError, match="remove it and say it again"):
        file.read()


async def test_a_running_site_hears_what_is_said_once(tmp_path):
    file = WordFile.beside(tmp_path / "site.sqlite")
    meter = Meter("r", 5000, 3000)
    site = ListeningSite(FunctionSite(meter.read, meter.act), file, spoken)
    heard = []
    site.tell = heard.append
    await site.read()
    assert heard == [OwnerSaid()]
    file.write(Word().with_consent(said(0)))
    samples = await site.read()
    await site.read()
    assert [given_of(each) for each in heard[1:]] == [{"r": False, "s": False}]
    assert [sample.resource for sample in samples] == ["r"]


async def test_a_word_that_cannot_be_read_leaves_all_as_it_was(tmp_path):
    file = WordFile.beside(tmp_path / "site.sqlite")
    file.write(Word().with_consent(said(0)))
    meter = Meter("r", 5000, 3000)
    site = ListeningSite(FunctionSite(meter.read, meter.act), file, spoken)
    heard = []
    site.tell = heard.append
    await site.read()
    file.path.write_text("{")
    await site.read()
    assert len(heard) == 1
