from datetime import timedelta

from xmpp_cem.core.call import Call
from xmpp_cem.core.readings.metering import Counted, Window
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.signal import Delta
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import Domain, at

EVENT = derived_id("randomised")
STARTS = (20, 30, 40, 50, 60)


def test_who_may_still_put_off_its_start_is_not_found_to_deliver_too_little():
    domain = Domain("a")
    domain.lead()
    domain.register("a", 3000)
    domain.presence("a")
    loop = domain.vtn.dispatching
    active = Interval(start=at(20), end=at(200))
    signal, until = Delta(power_w=-1500), at(10)
    call = Call(event=EVENT, signal=signal, active=active, answer_by=until, randomise_s=60)
    loop.create(call, at(0))
    domain.answer("a", loop.dispatches[EVENT].event, -1500, 1, 5)
    loop.put_part(loop.parts[EVENT]["a"].model_copy(update={"baseline_w": 5000}))
    idle = [Window(Interval(start=at(s), end=at(s + 10)), 5000, None, None, 1, 1) for s in STARTS]
    for window in idle:
        loop.measured("a", [Counted(window)], window.interval.end + timedelta(seconds=1))
    part = loop.parts[EVENT]["a"]
    assert (part.conduct.strikes, part.conduct.short) == (0, 0)
    late = Window(Interval(start=at(80), end=at(90)), 5000, None, None, 1, 1)
    loop.measured("a", [Counted(late)], at(91))
    assert loop.parts[EVENT]["a"].conduct.short == 1


def test_what_two_events_move_at_once_is_held_against_neither():
    domain = Domain("a")
    domain.lead()
    domain.register("a", 3000)
    domain.presence("a")
    loop = domain.vtn.dispatching
    urgent = derived_id("urgent")
    for event, power_w, start, end in ((EVENT, -1500, 20, 200), (urgent, -100, 60, 120)):
        active = Interval(start=at(start), end=at(end))
        loop.create(Call(event, Delta(power_w=power_w), active, answer_by=at(10)), at(0))
        domain.answer("a", loop.dispatches[event].event, power_w, 1, 5)
        loop.put_part(loop.parts[event]["a"].model_copy(update={"baseline_w": 5000}))
    for start in range(60, 120, 10):
        window = Window(Interval(start=at(start), end=at(start + 10)), 4900, None, None, 1, 1)
        loop.measured("a", [Counted(window)], at(start + 11))
    conduct = loop.parts[EVENT]["a"].conduct
    assert (conduct.strikes, conduct.short) == (0, 0)
    after = Window(Interval(start=at(120), end=at(130)), 4900, None, None, 1, 1)
    loop.measured("a", [Counted(after)], at(131))
    assert loop.parts[EVENT]["a"].conduct.short == 1
