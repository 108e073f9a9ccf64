from xmpp_cem.core.overriding import Overriding, why_held
from xmpp_cem.messages.events import StatusType
from xmpp_cem.model.control import Sample
from xmpp_cem.testing.builders import at, make_event

EVENT = make_event().id


def samples(**reasons):
    return tuple(
        Sample(resource=name, power_w=0, is_overridden=why is not None, reason=why or "")
        for name, why in reasons.items()
    )


def told(overriding, seconds, **reasons):
    return [s.reason for s in overriding.look(samples(**reasons), EVENT, at(seconds))]


def test_an_override_is_told_once_with_its_reason_and_its_event():
    overriding = Overriding("site")
    (status,) = overriding.look(samples(a="guests", b=None), EVENT, at(0))
    assert (status.type, status.event, status.at) == (StatusType.OVERRIDDEN, EVENT, at(0))
    assert status.reason == "guests: a"
    assert told(overriding, 1, a="guests", b=None) == []


def test_resources_of_one_reason_are_told_together_and_a_change_is_told():
    overriding = Overriding("site")
    assert told(overriding, 0, a="guests", b="guests", c="") == [
        "guests: a, b",
        "local override: c",
    ]
    assert told(overriding, 1, a="party", b="guests", c="") == ["party: a"]


def test_an_override_that_comes_again_is_told_again_under_another_id():
    overriding = Overriding("site")
    (first,) = overriding.look(samples(a=""), None, at(0))
    assert told(overriding, 1, a=None) == []
    (second,) = overriding.look(samples(a=""), None, at(2))
    assert first.id != second.id


def test_an_answer_says_why():
    assert why_held(samples(a="", b=None)) == "local override"
    assert why_held(samples(a="guests", b="guests", c="trip")) == ("local override: guests; trip")
