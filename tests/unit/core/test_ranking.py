from xmpp_cem.core.life.life import Cause, State
from xmpp_cem.core.life.phases import Moments, live
from xmpp_cem.core.timeline.bounds import Physical, Range
from xmpp_cem.core.timeline.ranking import ranking
from xmpp_cem.core.timeline.timeline import Claim, Piece, timeline
from xmpp_cem.model.event import Order
from xmpp_cem.testing.builders import at

PHYSICAL = Physical(Range(-5000, 5000))


def claim(event, start, end, priority):
    piece = Piece(at(start), at(end), 1000)
    return Claim(event, priority, at(0), Order(epoch=1, modification=0), (piece,))


ONE = timeline([claim("a", 0, 60, 5), claim("b", 20, 30, 0)], (), PHYSICAL)
OTHER = timeline([claim("a", 0, 60, 5)], (), PHYSICAL)


def test_an_event_is_outranked_when_others_decide_for_all_its_resources():
    assert ranking("a", [ONE.at(at(25))]) is Cause.OUTRANKED
    assert ranking("a", [ONE.at(at(25)), OTHER.at(at(25))]) is Cause.RANKS_AGAIN
    assert ranking("a", [ONE.at(at(35))]) is Cause.RANKS_AGAIN
    assert ranking("b", [ONE.at(at(25))]) is Cause.RANKS_AGAIN
    assert ranking("b", [ONE.at(at(35))]) is None


def test_an_event_between_two_others_is_superseded_and_acts_again():
    moments = Moments(near=at(0), start=at(0), end=at(60), answer_by=at(0), forget=at(100))
    state, seen = State.NEAR, []
    for second in range(0, 61, 5):
        cause = ranking("a", [ONE.at(at(second))]) or Cause.ENDS
        for made in live(state, cause, moments, at(second)):
            if made.to is not state:
                seen.append((second, made.to))
            state = made.to
    assert seen == [
        (0, State.ACTIVE),
        (20, State.SUPERSEDED),
        (30, State.FAR),
        (30, State.ACTIVE),
        (60, State.COMPLETED),
    ]
