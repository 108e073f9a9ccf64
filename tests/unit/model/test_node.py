from xmpp_cem.model.node import card_node, domain_nodes, events_node


def test_nodes_of_two_domains_are_distinct():
    assert not set(domain_nodes("a")) & set(domain_nodes("b"))


def test_a_domain_has_its_card_on_top():
    assert domain_nodes("a")[0] == card_node("a") == "cem/a"
    assert events_node("a").startswith(card_node("a") + "/")
