"""What a gateway has found to agree is not compared again, as long as it is the same."""

from datetime import timedelta

import pytest

from tests.unit.core.gateway import ALL, UPPER_EVENT, Cascade
from xmpp_cem.core.cascade.calls import Rules
from xmpp_cem.core.cascade.case import case_of
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.effects import SetTimer
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.testing.builders import at, make_event, of_kind, share_of

BEFORE = 5.0
AFTER = (ALL.answer_by - at(0)).total_seconds()
"""Of the deadline for answers above."""


@pytest.fixture
def cascade():
    return Cascade().promise_all()


@pytest.fixture
def rules(cascade):
    made = Rules(
        GatewaySettings(cascade.gateway.ven.settings, cascade.settings, timedelta(seconds=2))
    )
    made.agree(case(cascade), at(BEFORE))
    return made


def case(cascade):
    (upper,) = cascade.gateway.uppers
    commitment = upper.role.book.commitments.get(UPPER_EVENT.id)
    return case_of(upper, commitment, cascade.gateway.lowers)


def has_agreed(rules, cascade, seconds=BEFORE):
    return rules.has_agreed(case(cascade), cascade.dispatch, at(seconds))


def test_what_has_been_found_to_agree_still_does(cascade, rules):
    cascade.tell(TimerFired("cascade/tick"), 4)
    assert has_agreed(rules, cascade)


def test_another_version_above_is_compared(cascade, rules):
    cascade.ask(make_event(modification=1, signal=share_of("0.5")), seconds=4)
    assert not has_agreed(rules, cascade)


def test_another_record_below_is_compared(cascade, rules):
    changed = cascade.dispatch.model_copy(update={"why": "another"})
    assert not rules.has_agreed(case(cascade), changed, at(BEFORE))


def test_it_is_compared_when_the_deadline_passes(cascade, rules):
    assert not has_agreed(rules, cascade, AFTER)


def test_it_is_compared_when_nobody_may_be_asked_any_more(cascade, rules):
    barred = case(cascade)
    vars(barred)["is_barred"] = True
    assert not rules.has_agreed(barred, cascade.dispatch, at(BEFORE))


def test_what_time_alone_changes_waits_for_the_next_look():
    cascade, late = Cascade(), AFTER + 1
    cascade.up()
    cascade.ask(seconds=1)
    cascade.say("a", -1000)
    cascade.tell(TimerFired("vtn/alive"), late)
    assert cascade.answers == []
    cascade.tell(TimerFired("cascade/tick"), late)
    assert cascade.answers != []


def test_a_gateway_looks_again_after_the_time_that_it_is_told():
    (again,) = of_kind(Cascade().tell(TimerFired("cascade/tick"), 5), SetTimer)
    assert again.at == at(6)
    rare = GatewaySettings(
        Cascade().gateway.ven.settings, Cascade().settings, look_every=timedelta(seconds=3)
    )
    effects = Gateway(rare).handle(TimerFired("cascade/tick"), at(5))
    assert [timer.at for timer in of_kind(effects, SetTimer)] == [at(8)]
