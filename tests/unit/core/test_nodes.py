import pytest

from xmpp_cem.core.vtn.nodes import entries, node_specs
from xmpp_cem.model.node import Access, Affiliation, Drift, NodeState, Uplink
from xmpp_cem.testing.builders import Domain

OP, A = "op@x.example", "a@x.example"


@pytest.fixture(params=list(Uplink))
def specs(request):
    made = node_specs(Domain("a").settings, request.param, (A,))
    return request.param, {spec.name.removeprefix("cem/grid"): spec for spec in made}


def test_only_the_card_is_open(specs):
    assert [n for n, s in specs[1].items() if s.access is Access.OPEN] == [""]


def test_members_read_events_and_nothing_else(specs):
    reads = [n for n, s in specs[1].items() if s.affiliations.get(A) is Affiliation.MEMBER]
    assert reads == ["/events"]


def test_operators_read_everything_and_write_nothing(specs):
    seen = {n: s.affiliations.get(OP) for n, s in specs[1].items() if n}
    assert set(seen.values()) == {Affiliation.MEMBER}


def test_members_write_reports_only_where_nobody_can_read_them(specs):
    uplink, made = specs
    is_box = uplink is Uplink.PUBLISH
    expected = Affiliation.PUBLISH_ONLY if is_box else None
    assert made["/reports"].affiliations.get(A) is expected
    assert made["/reports"].names_publisher is is_box


def test_live_nodes_store_nothing(specs):
    assert {n for n, s in specs[1].items() if not s.stores_items} == {"/reports", "/operations"}


def test_a_drift_is_told_in_words():
    state = NodeState("n", was_created=False, drift=(Drift("access", "whitelist", "open"),))
    (entry,) = entries([state])
    assert entry.drift == ("access is open, must be whitelist",)
