from collections.abc import Callable
from pathlib import Path

import pytest

from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import GatewayConfig, OperatorConfig, VenConfig, VtnConfig
from xmpp_cem.errors import ConfigError

Fault = Callable[..., str]
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        ("vtn", VtnConfig),
        ("ven", VenConfig),
        ("gateway", GatewayConfig),
        ("operator", OperatorConfig),
    ],
)
def test_the_role_tells_what_is_loaded(write: Write, role: str, kind: type):
    assert isinstance(load(write(role)), kind)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"^nix\.toml: file: cannot be read \(No such file"):
        load(Path("nix.toml"))


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_text("role = \n")
    with pytest.raises(ConfigError, match=r"file: is not TOML: .*line 1.*; correct that line"):
        load(path)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    path = tmp_path / "a.toml"
    path.write_bytes(b'role = "\xff"')
    with pytest.raises(ConfigError, match="file: is not TOML"):
        load(path)


def test_a_missing_role_is_told_with_the_roles(fault: Fault):
    said = fault("vtn", ('role = "vtn"', ""))
    assert said == "role: is missing; add one of vtn, ven, gateway, operator"


def test_an_unknown_role_is_told_with_the_roles(fault: Fault):
    said = fault("vtn", ('role = "vtn"', 'role = "aggregator"'))
    assert said == ("role: 'aggregator' is unknown; use one of vtn, ven, gateway, operator")


def test_an_unknown_key_suggests_the_nearest_known_one(fault: Fault):
    said = fault("gateway", ("heartbeat =", "hartbeat ="))
    assert said == "lower.hartbeat: unknown key; did you mean heartbeat?"


def test_an_unknown_key_without_a_near_one_lists_the_known_ones(fault: Fault):
    said = fault("gateway", ("answer_margin =", "zzz ="))
    known = "answer_margin, policy, show_every, names_told, programmes"
    assert said == f"cascade.zzz: unknown key; known are {known}"


def test_an_unknown_key_of_a_resource_suggests_the_drivers_key(fault: Fault):
    said = fault("ven", ("capacity_wh =", "capacity_kwh ="))
    assert said == (
        "resources[0].capacity_wh: is missing; add it (it has no default)\n"
        "resources[0].capacity_kwh: unknown key; did you mean capacity_wh?"
    )


def test_an_unknown_kind_of_resource_lists_the_kinds(fault: Fault):
    said = fault("ven", ('"heat-pump"', '"fridge"'))
    assert said == (
        "resources[1].kind: 'fridge' is unknown; use one of battery, ev, heat-pump, pv, base-load"
    )


def test_a_missing_kind_is_told(fault: Fault):
    said = fault("ven", ('kind = "battery"', ""))
    assert said == (
        "resources[0].kind: is missing; add one of battery, ev, heat-pump, pv, base-load"
    )


def test_a_missing_key_is_told_with_its_meaning(fault: Fault):
    said = fault("gateway", ('domain = "grid"', ""))
    assert said == "upper.domain: is missing; add it (Its id.)"


def test_a_key_of_a_list_is_named_with_its_place(fault: Fault):
    said = fault("vtn", ('party = "site-2"', 'party = "site 2"'))
    assert said.startswith("lower.members[1].party: string should match pattern")
    assert said.endswith("and not 'site 2'; correct it")


def test_every_fault_has_a_line(fault: Fault):
    said = fault("vtn", ('"PT60S"', '"PT5S"'), ('"PT10S"', "10"), ('uplink = "auto"', 'up = "x"'))
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "lower.heartbeat",
        "lower.report_every",
        "lower.up",
    ]


def test_a_wrong_type_is_told_with_the_value(fault: Fault):
    said = fault("operator", ("speed = 5.0", 'speed = "fast"'))
    assert said.startswith("clock.speed: input should be a valid number")
    assert said.endswith("and not 'fast'; correct it")


def test_simulated_time_runs_at_most_20_times_as_fast(fault: Fault):
    said = fault("operator", ("speed = 5.0", "speed = 21"))
    assert said == "clock.speed: input should be less than or equal to 20 and not 21; correct it"


def test_an_instant_without_a_zone_is_refused(fault: Fault):
    said = fault("operator", ("12:00:00Z", "12:00:00"))
    assert said.startswith("clock.origin: an instant needs a zone: write it in UTC")


def test_a_site_for_two_vtns_is_told_of_the_gateway_that_can_stand_between(fault: Fault):
    why = fault("ven", ("[upper]", "[[upper]]"))
    assert "upper: a site has one VTN; write [upper] once" in why
    assert "put a gateway with an [[upper]] for each above it" in why
