import pytest

from xmpp_cem.model.node import Access, Affiliation, NodeName, NodeSpec
from xmpp_cem.xmpp.nodes import affiliation_drift, config_drift, wanted_config

SPEC = NodeSpec(
    NodeName("n"), "T", "D", names_publisher=True, affiliations={"a@b": Affiliation.MEMBER}
)


def test_a_node_as_wanted_has_no_drift():
    assert config_drift(SPEC, wanted_config(SPEC)) == ()
    assert affiliation_drift(SPEC, {"a@b": "member"}) == ()


@pytest.mark.parametrize("field", sorted(set(wanted_config(SPEC)) - {"pubsub#itemreply"}))
def test_each_changed_or_missing_field_is_drift(field):
    found = wanted_config(SPEC)
    (changed,) = config_drift(SPEC, found | {field: "other"})
    del found[field]
    (missing,) = config_drift(SPEC, found)
    assert changed.field == missing.field == field
    assert changed.found == "other"


def test_a_service_without_itemreply_has_no_drift_but_a_wrong_one_is():
    found = wanted_config(SPEC)
    assert config_drift(SPEC, found | {"pubsub#itemreply": "owner"})
    del found["pubsub#itemreply"]
    assert config_drift(SPEC, found) == ()


def test_a_boolean_has_two_spellings():
    assert config_drift(SPEC, wanted_config(SPEC) | {"pubsub#persist_items": "true"}) == ()


def test_live_nodes_store_nothing_and_send_no_last_item():
    config = wanted_config(NodeSpec(NodeName("n"), "T", "D", stores_items=False))
    assert config["pubsub#persist_items"] == "0"
    assert config["pubsub#send_last_published_item"] == "never"
    assert "pubsub#itemreply" not in config


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({}, "none"),
        ({"a@b": "owner"}, "owner"),
        ({"a@b": "outcast"}, "outcast"),
        ({"a@b": "publisher"}, "publisher"),
    ],
)
def test_a_contradicted_affiliation_is_drift(held, found):
    (drift,) = affiliation_drift(SPEC, held)
    assert (drift.field, drift.wanted, drift.found) == ("affiliation of a@b", "member", found)


def test_a_stranger_is_drift_unless_cast_out():
    held = {"a@b": "member", "x@b": "member", "y@b": "outcast"}
    (drift,) = affiliation_drift(SPEC, held)
    assert (drift.field, drift.wanted) == ("affiliation of x@b", "none")


def test_access_is_written_as_the_service_expects():
    spec = NodeSpec(NodeName("n"), "T", "D", access=Access.OPEN)
    assert wanted_config(spec)["pubsub#access_model"] == "open"
