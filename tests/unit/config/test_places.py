from xmpp_cem.config.places import models, place, tag_of
from xmpp_cem.config.roles import Config, GatewayConfig, VenConfig


def test_a_unions_tag_is_no_part_of_the_name():
    found = place(Config, ("gateway", "lower", "members", 1, "party"))
    assert (found.name, found.key) == ("lower.members[1].party", "party")
    terms = ("price", "priority", "block_w", "ramp_w_per_s", "energy_wh", "rest")
    assert found.known == ("party", "account", *terms)
    assert found.description == "Its id, the `Source` of its messages."


def test_a_drivers_group_is_no_part_of_the_name():
    found = place(Config, ("ven", "resources", 0, "simulated", "ev", "phases"))
    assert found.name == "resources[0].phases"
    assert "rated_w" in found.known


def test_a_key_that_looks_like_a_tag_is_a_key():
    assert place(Config, ("gateway", "upper", "vtn")).name == "upper.vtn"


def test_the_file_itself_has_no_name():
    assert place(Config, ("gateway",)).name == ""


def test_all_roles_are_found_with_their_tags():
    assert [tag_of(model) for model in models(Config)] == ["vtn", "ven", "gateway", "operator"]
    assert tag_of(GatewayConfig) == "gateway"
    assert tag_of(VenConfig.model_fields["control"].annotation) == ""
