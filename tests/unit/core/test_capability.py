from xmpp_cem.core.capability import is_alike, moved_w
from xmpp_cem.model.resource import Resource, ResourceState


def resource(name="r", **changes):
    return Resource(id=name, kind="test", **changes)


def test_the_same_resources_in_the_same_state_are_alike_whatever_their_power():
    assert is_alike((resource(power_w=1),), (resource(power_w=2, decrease_w=9),))


def test_a_new_resource_or_another_state_is_not_alike():
    assert not is_alike((resource(),), (resource(), resource("s")))
    assert not is_alike((resource(),), (resource(state=ResourceState.OPTED_OUT),))


def test_how_far_flexibility_moved_is_the_larger_of_fall_and_rise():
    before = (resource(decrease_w=1000, increase_w=0), resource("s", decrease_w=500))
    after = (resource(decrease_w=0, increase_w=700), resource("s", decrease_w=1400))
    assert moved_w(before, after) == 700
    assert moved_w(before, before) == 0
