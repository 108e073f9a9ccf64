"""What one member's news cost a gateway: the same whatever the number of its members.

Counted are the instructions that the interpreter executes, so that no clock decides.
"""

import gc
import sys
from datetime import timedelta

import pytest

from tests.unit.core.gateway import Cascade
from xmpp_cem.core.cascade.contention import Contention
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import EndDeviceEvents, Status, StatusType
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.flexibility import Forecast, Offered
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import arrived, at, request

pytestmark = pytest.mark.slow

FEW, MANY = 30, 240
SLACK = 1.3
"""The logarithm of eight times as many may show; eight times as much may not."""


def steps_of(call):
    """Return how many instructions a call executes."""
    count = 0

    def trace(frame, event, _):
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    gc.disable()  # a collection calls back into what watches it, which would count too
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def able(number, revision):
    """Return what a member tells: departure, price and forecast are of its own."""
    window = Interval(start=at(3600 + number), end=at(7200 + number))
    offered = Offered(decrease_w=100, per_kwh=number, currency="EUR", until=at(900 + number))
    resource = Resource(
        id="r",
        kind="test",
        power_w=5000,
        decrease_w=3000 + revision,
        needed_wh=100,
        departs=at(900 + number),
        offered=offered,
        forecast=(Forecast(window=window, power_w=4000, decrease_w=2000),),
    )
    return Capability(revision=revision, at=at(-20), resources=(resource,))


class Herd(Cascade):
    """A gateway over so many members, of which each has told all that it can, and a reading.

    `asked` puts them all into an event, to which they say yes.
    """

    def __init__(self, members):
        self.names = ["a", "b", *(f"m{number}" for number in range(members - 2))]
        super().__init__(*self.names[2:])
        self.up()
        for number, name in enumerate(self.names):
            self.register_able(name, able(number, 1), -12)
            self.presence(name, seconds=-12)
            self.read(name, -10, -9)
        self.tell(TimerFired("cascade/tick"), 1)

    def asked(self):
        self.ask(seconds=1)
        for name in self.names:
            self.say(name, -1000, seconds=3)
        for name in self.names:
            self.read(name, 10, 21)
        self.tell(TimerFired("cascade/tick"), 21)
        return self

    def register_able(self, name, told, seconds):
        body = EndDeviceConfig(party=name, capability=told)
        return self.tell(arrived(request(Verb.CREATE, Noun.CONFIG, name, body), name), seconds)

    def state(self, name, seconds):
        """Let a member that is a gateway itself state the baseline of its own."""
        event = self.dispatch.event.id
        status = Status(
            id=derived_id("status", name),
            type=StatusType.BASELINE,
            at=at(seconds),
            event=event,
            power_w=9000,
            expected=3,
            reporting=2,
        )
        body = EndDeviceEvents(statuses=(status,))
        return self.tell(arrived(request(Verb.CREATE, Noun.EVENTS, name, body), name), seconds)

    def read(self, name, start, seconds):
        window = Interval(start=at(start), end=at(start) + timedelta(seconds=10))
        body = MeterReadings(readings=(Reading(resource="r", window=window, power_w=2000),))
        return self.tell(arrived(request(Verb.CREATE, Noun.READINGS, name, body), name), seconds)


NEWS = {
    "a capability": lambda herd: herd.register_able("a", able(0, 2), 2),
    "a reading": lambda herd: herd.read("a", 0, 11),
    "an availability": lambda herd: herd.presence("a", Availability.LIMITED, 2),
    "a loss": lambda herd: herd.presence("a", Availability.UNREACHABLE, 2),
}


IN_AN_EVENT = {
    "a capability": lambda herd: herd.register_able("a", able(0, 2), 31),
    "a reading": lambda herd: herd.read("a", 20, 31),
    "a baseline": lambda herd: herd.state("a", 22),
}


@pytest.mark.parametrize("news", NEWS)
def test_it_does_not_grow_with_the_number_of_members(news):
    few, many = (cost_of(NEWS[news], Herd(members)) for members in (FEW, MANY))
    assert many < SLACK * few


@pytest.mark.parametrize("news", IN_AN_EVENT)
def test_nor_while_they_are_all_in_an_event(news):
    few, many = (cost_of(IN_AN_EVENT[news], Herd(members).asked()) for members in (FEW, MANY))
    assert many < SLACK * few


def test_nor_does_a_look_at_who_is_committed_to_which_domain_above():
    few, many = (cost_of_contention(Herd(members).asked()) for members in (FEW, MANY))
    assert many < SLACK * few


def cost_of_contention(herd):
    """Return what the look costs that follows a member's reading."""
    contention, found = Contention(herd.gateway.vtn.dispatching), []

    def look():
        found.append(contention.taken("another", at(31), timedelta(minutes=1)))
        contention.held(at(31))

    look()
    herd.read("a", 20, 31)
    steps = steps_of(look)
    assert found == 2 * [frozenset(herd.names)]
    return steps


def cost_of(news, herd):
    return steps_of(lambda: news(herd))


def test_what_looks_at_every_member_would_be_seen():
    few, many = (steps_of(lambda n=n: sum(w > 0 for w in range(n))) for n in (FEW, MANY))
    assert many > SLACK * few
