from datetime import UTC, datetime

from xmpp_cem.model.resource import Capability, Resource, ResourceState


def test_flexibility_counts_on_ready_resources_only():
    resources = tuple(
        Resource(id=f"r{n}", kind="ev", state=state, power_w=10, increase_w=1, decrease_w=2)
        for n, state in enumerate(ResourceState)
    )
    capability = Capability(revision=1, at=datetime(2026, 1, 31, tzinfo=UTC), resources=resources)
    assert [resource.state.value for resource in capability.ready] == ["available", "limited"]
    assert (capability.increase_w, capability.decrease_w, capability.power_w) == (2, 4, 40)
