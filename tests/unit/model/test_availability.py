from datetime import UTC, datetime

import pytest

from xmpp_cem.model.availability import (
    BY_SHOW,
    SHOW,
    Availability,
    Offer,
    availability_of,
    combined,
    kilowatts,
)
from xmpp_cem.model.resource import Capability, Resource, ResourceState

A = Availability
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def capability(*states):
    resources = tuple(
        Resource(id=f"r{n}", kind="ev", state=state, decrease_w=6250)
        for n, state in enumerate(states)
    )
    return Capability(revision=1, at=NOON, resources=resources)


def test_show_and_availability_are_a_bijection_but_for_unreachable():
    assert set(SHOW) == set(Availability) - {A.UNREACHABLE}
    assert {BY_SHOW[show] for show in SHOW.values()} == set(SHOW)


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ([], A.OUT_OF_SERVICE),
        ([A.OPTED_OUT, A.OPTED_OUT], A.OPTED_OUT),
        ([A.AVAILABLE, A.OFFERING], A.OFFERING),
        ([A.AVAILABLE, A.UNREACHABLE], A.LIMITED),
        ([A.OPTED_OUT, A.OUT_OF_SERVICE], A.OPTED_OUT),
        ([A.UNREACHABLE, A.OUT_OF_SERVICE], A.OUT_OF_SERVICE),
    ],
)
def test_several_states_combine_into_one(states, whole):
    assert combined(states) is whole


def test_one_resource_opted_out_limits_its_party():
    mixed = capability(ResourceState.AVAILABLE, ResourceState.OPTED_OUT)
    assert availability_of(mixed) is A.LIMITED


def test_the_status_line_is_for_people():
    resources = capability(ResourceState.AVAILABLE, ResourceState.AVAILABLE)
    offer = Offer(availability=A.AVAILABLE, capability=resources, valid_until=NOON)
    assert offer.status == "2 of 2 resources, can decrease 12.5 kW"
    gateway = offer.model_copy(update={"members": 9, "reachable": 7, "availability": A.LIMITED})
    assert gateway.status == "limited, 7 of 9 members, can decrease 12.5 kW"
    assert kilowatts(-50) == "-0.1 kW"
