import pytest

from xmpp_cem.core.life.life import Cause, State
from xmpp_cem.core.life.lifecycle import step
from xmpp_cem.core.records import Commitment
from xmpp_cem.core.ven.stages import outcome, stage_of, told
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.control import Sample
from xmpp_cem.model.stage import Stage
from xmpp_cem.testing.builders import at, make_event


def commitment(status, event=None, **changes):
    return Commitment(
        event=event or make_event(),
        digest="0" * 64,
        asked_w=-1000,
        revision=1,
        status=status,
        **changes,
    )


@pytest.mark.parametrize(
    ("state", "cause", "kind"),
    [
        (State.UNKNOWN, Cause.NEWER, StatusType.RECEIVED),
        (State.UNKNOWN, Cause.POSTPONED, StatusType.RECEIVED),
        (State.FAR, Cause.NEWER, None),
        (State.REFUSED, Cause.NEWER, None),
        (State.PENDING, Cause.OPT_IN, None),
        (State.FAR, Cause.CANCEL, StatusType.CANCELLED),
        (State.ACTIVE, Cause.OMITTED, StatusType.CANCELLED),
        (State.UNKNOWN, Cause.CANCEL, None),
        (State.REFUSED, Cause.CANCEL, None),
        (State.SUPERSEDED, Cause.ENDS, StatusType.EXPIRED),
        (State.ACTIVE, Cause.ENDS, None),
    ],
)
def test_a_stage_is_told_where_nothing_else_says_it(state, cause, kind):
    assert stage_of(commitment(state), step(state, cause), is_asked=True) is kind


def test_what_nobody_decides_on_is_not_told_as_received():
    taken = step(State.UNKNOWN, Cause.NEWER)
    assert stage_of(commitment(State.UNKNOWN), taken, is_asked=False) is None


def end(power_w, status=State.ACTIVE, seconds=80):
    made = commitment(status, baselines=(("r", 5000),), shares=(("r", -1000),))
    return outcome(made, (Sample(resource="r", power_w=power_w),), "site", at(seconds))


@pytest.mark.parametrize(
    ("power_w", "kind"),
    [
        (4000, StatusType.SUCCEEDED),
        (4500, StatusType.SUCCEEDED),
        (4501, StatusType.SHORTFALL),
        (6000, StatusType.SHORTFALL),
        (5000, StatusType.SHORTFALL),
    ],
)
def test_at_its_end_an_event_has_succeeded_when_half_of_the_promise_was_moved(power_w, kind):
    (status,) = end(power_w)
    assert status.type is kind
    assert status.reason == f"moved {power_w - 5000} of -1000 W at its end"


@pytest.mark.parametrize(
    ("status", "seconds"),
    [(State.ACTIVE, 79), (State.CANCELLED, 80), (State.REFUSED, 80), (State.SUPERSEDED, 80)],
)
def test_what_did_not_act_to_its_end_has_neither_succeeded_nor_failed(status, seconds):
    assert end(4000, status, seconds) == ()


def test_an_event_that_moved_nothing_has_no_outcome():
    made = commitment(State.COMPLETED, baselines=(("r", 5000),), shares=(("r", 0),))
    assert outcome(made, (), "site", at(80)) == ()


def test_the_same_news_has_the_same_id_and_every_type_of_an_events_life_names_a_stage():
    known = commitment(State.FAR)
    one, other = (told(known, StatusType.CANCELLED, "site", at(3)) for _ in range(2))
    assert one == other
    assert StatusType.BASELINE.stage is None
    assert {kind.stage for kind in StatusType} == {*Stage, None}
