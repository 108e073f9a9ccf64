"""A connection lost within an event changes nothing of it: power falls and rises in time."""

from datetime import timedelta
from random import Random

import pytest

from xmpp_cem.simulation.director import Director
from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.loop import START, VirtualClock, VirtualLoop
from xmpp_cem.simulation.plan import Plan, Step
from xmpp_cem.simulation.play import on_stage
from xmpp_cem.simulation.speech import SharedSpeech
from xmpp_cem.simulation.town import Town
from xmpp_cem.simulation.weather import FairWeather
from xmpp_cem.testing.bus_service import Kind

UPPERS = {"gw": "grid", "a": "gw", "b": "gw"}
CREATED, BEGINS, LASTS = 6.0, 12.0, 21.0  # sites look at their devices every three seconds
ENDS = BEGINS + LASTS
EVENT = Step(CREATED, "create", number=0, power_w=-6000, seconds=BEGINS - CREATED, length=LASTS)
"""All that both sites can do, so that nobody can take over what another one is thought not to."""

LOSSES = {
    "cut": ("a", "b", "gw", "grid"),
    "hibernate": ("a", "b", "gw", "grid"),
    "kill server": ("",),
    "stall": ("",),
}
TRIALS = 200


def played(*losses):
    """Return when each site was told another power, in seconds, and which."""
    plan = Plan(Kind.PROSODY, UPPERS, chaos_s=ENDS, quiet_s=25.0, steps=(EVENT, *losses))
    loop = VirtualLoop()
    evidence = Evidence(lambda: loop.current, is_traced=False)
    weather = FairWeather(VirtualClock(loop))
    town = Town(loop, weather, evidence, plan, SharedSpeech())
    on_stage(loop, evidence, Director(plan, town, weather, evidence))
    assert evidence.deaths == []
    changes = {site.name: [] for site in town.sites}
    for each in evidence.applied:
        told = changes[each.site]
        if not told or told[-1][1] != each.power_w:
            told.append(((each.at - START) / timedelta(seconds=1), each.power_w))
    return changes


def drawn(random):
    """Return a loss at some instant of the event, that ends within it or only after it."""
    at = random.uniform(BEGINS, ENDS)
    doing = random.choice(list(LOSSES))
    until = random.choice((random.uniform(at, ENDS), ENDS + 10))
    return Step(at, doing, random.choice(LOSSES[doing]), seconds=until - at)


def differs(wanted, seen):
    """Whether a site was told something else, or more than a second earlier or later."""
    return any(
        [power_w for _, power_w in seen[site]] != [power_w for _, power_w in told]
        or any(abs(a - b) > 1 for (a, _), (b, _) in zip(told, seen[site], strict=True))
        for site, told in wanted.items()
    )


def test_the_event_begins_and_ends_where_nothing_is_lost():
    for told in played().values():
        (_, free), (began, limited), (ended, free_again) = told
        assert (free, free_again) == (None, None)
        assert limited is not None
        assert (abs(began - BEGINS) <= 1, abs(ended - ENDS) <= 1) == (True, True)


@pytest.mark.slow
def test_a_loss_that_changes_an_event_would_be_seen():
    wanted = played()
    refused = Step(BEGINS + 5, "override", "a", seconds=60.0)
    assert differs(wanted, played(refused))
    assert differs(wanted, played(Step(BEGINS + 5, "cancel", number=0)))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_event_goes_on_as_it_was_whenever_a_connection_is_lost_in_it():
    random, wanted = Random(10), played()  # noqa: S311 no secret
    losses = [drawn(random) for _ in range(TRIALS)]
    assert [loss for loss in losses if differs(wanted, played(loss))] == []
