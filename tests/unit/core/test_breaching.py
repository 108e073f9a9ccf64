"""Under the rule `breach`, taking a call back after its start raises an alarm at the VTN."""

import pytest

from tests.unit.core.test_calls import SEASON
from tests.unit.core.test_upholding import bound
from tests.unit.core.test_upholding import event as called
from xmpp_cem.core.breaching import why_breached
from xmpp_cem.core.overriding import FAULT, LOST
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.programme import OverrideRule, Programme
from xmpp_cem.testing.builders import arrived, at, make_event, reply_in, request
from xmpp_cem.testing.pair import Pair

EVENT = make_event(programme="peak")


def peak(rule=OverrideRule.BREACH):
    return Programme(id="peak", version=1, valid=SEASON, override=rule)


def said(seconds, power_w, reason="", order=EVENT.order):
    return Answer(
        id=derived_id("answer"),
        event=EVENT.id,
        order=order,
        opt=Opt.IN if power_w else Opt.OUT,
        power_w=power_w,
        revision=1,
        sequence=1,
        at=at(seconds),
        reason=reason,
    )


YES = said(5, -3000)


@pytest.mark.parametrize("rule", [OverrideRule.ALLOWED, OverrideRule.COUNTED])
def test_the_other_rules_know_no_breach(rule):
    assert why_breached(peak(rule), EVENT, YES, said(30, 0)) == ""
    assert why_breached(None, EVENT, YES, said(30, 0)) == ""


def test_what_is_taken_back_after_the_start_is_a_breach_in_whole_or_in_part():
    assert why_breached(peak(), EVENT, YES, said(20, 0, "guests")) == "breach of peak: guests"
    assert why_breached(peak(), EVENT, YES, said(30, -1000, "guests")) == "breach of peak: guests"
    told = why_breached(peak(), EVENT, YES, said(30, 0))
    assert told == "breach of peak: taken back after the start"


def test_before_the_start_a_change_of_mind_is_free():
    assert why_breached(peak(), EVENT, YES, said(19, 0)) == ""


def test_who_never_said_yes_breaches_nothing():
    assert why_breached(peak(), EVENT, None, said(30, 0)) == ""
    assert why_breached(peak(), EVENT, said(5, 0), said(30, 0)) == ""


def test_a_device_that_fails_is_no_breach():
    assert why_breached(peak(), EVENT, YES, said(30, 0, FAULT)) == ""


def test_what_a_programme_lets_go_without_its_vtn_is_no_breach():
    assert why_breached(peak(), EVENT, YES, said(30, 0, f"{LOST} for 300 s")) == ""


def test_less_of_a_newer_version_is_an_answer_and_no_breach():
    newer = EVENT.order.model_copy(update={"modification": 1})
    assert why_breached(peak(), EVENT, YES, said(30, -1000, order=newer)) == ""
    assert why_breached(peak(), EVENT, YES, said(30, 0, order=newer)) != ""


def test_the_operator_sees_the_alarm_and_the_answer_says_why():
    pair = Pair((peak(),), (bound("r"),))
    event = called()
    pair.call(event)
    pair.decide(Opt.IN)
    pair.now = 30.0
    pair.take_back(event)
    assert pair.commitment(event).answer.reason == "breach of peak: no more"
    assert pair.part(event).alarm == "breach of peak: no more"
    asked = request(Verb.GET, Noun.DISPATCH, "op", ids=(event.id,))
    record = reply_in(pair.domain.tell(arrived(asked, "op"), 31)).body
    assert [share.alarm for share in record.shares] == ["breach of peak: no more"]
