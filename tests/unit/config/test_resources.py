from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from xmpp_cem.config.drivers import driver_names
from xmpp_cem.config.loading import load

Fault = Callable[..., str]
Write = Callable[..., Path]


def test_a_drivers_keys_stand_beside_id_and_driver(write: Write):
    battery, pump = load(write("ven")).resources
    assert (battery.id, battery.driver, battery.settings.kind) == (
        "battery",
        "simulated",
        "battery",
    )
    assert pump.settings.offset == timedelta(hours=3)


def test_a_profile_that_is_not_there_is_named(fault: Fault, folder: Path):
    said = fault("ven", ("heat.json", "cold.json"))
    assert said == (
        f"resources[1].profile: there is no file {folder}/cold.json; create it or correct the path"
    )


def test_an_unknown_driver_is_refused(fault: Fault):
    said = fault("ven", ('driver = "simulated"\nkind = "b', 'driver = "modbus"\nkind = "b'))
    names = ", ".join(driver_names())
    assert said == f"resources[0].driver: 'modbus' is unknown; use one of {names}"
    assert "simulated" in names


def test_a_resource_is_a_table(fault: Fault, write: Write):
    text = write("ven").read_text()
    tables = text[text.index("[[resources]]") :]
    said = fault("ven", (tables, ""), ("[upper]", "resources = [3]\n[upper]"))
    assert said.startswith("resources[0]: input should be a valid dictionary")


def test_limits_of_the_driver_hold(fault: Fault):
    said = fault("ven", ("rated_charge_w = 5000", "rated_charge_w = 0"))
    assert said == (
        "resources[0].rated_charge_w: input should be greater than or equal to 1 and not 0; "
        "correct it"
    )


def test_an_unknown_key_of_a_driver_is_told_with_the_one_that_was_meant(fault: Fault):
    said = fault("ven", ("capacity_wh = 10000", "capacity_wh = 10000\nsoc_min = 10"))
    assert said == "resources[0].soc_min: unknown key; did you mean soc_min_percent?"


def test_a_missing_kind_lists_the_kinds(fault: Fault):
    said = fault("ven", ('kind = "heat-pump"\n', ""))
    assert said.startswith("resources[1].kind: is missing; add one of battery, ev, heat-pump")


def test_a_resource_without_a_driver_is_told_so(fault: Fault):
    said = fault("ven", ('driver = "simulated"\nkind = "b', 'kind = "b'))
    assert said.startswith("resources[0].driver: is missing; add it (Which driver")


def test_a_checked_resource_can_be_checked_again(write: Write):
    config = load(write("ven"))
    again = config.resources[0].model_validate(dict(config.resources[0]))
    assert again == config.resources[0]
    assert again.label == "simulated battery"
