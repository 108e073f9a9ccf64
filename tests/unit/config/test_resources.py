from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from xmpp_cem.config.loading import load

Fault = Callable[..., str]
Write = Callable[..., Path]


def test_a_drivers_keys_stand_beside_id_and_driver(write: Write):
    battery, pump = load(write("ven")).resources
    assert (battery.id, battery.driver, battery.simulated.kind) == (
        "battery",
        "simulated",
        "battery",
    )
    assert pump.simulated.offset == timedelta(hours=3)


def test_a_profile_that_is_not_there_is_named(fault: Fault, folder: Path):
    said = fault("ven", ("heat.json", "cold.json"))
    assert said == (
        f"resources[1]: there is no profile {folder}/cold.json; create it or correct the path"
    )


def test_an_unknown_driver_is_refused(fault: Fault):
    said = fault("ven", ('driver = "simulated"\nkind = "b', 'driver = "modbus"\nkind = "b'))
    assert said == ("resources[0].driver: input should be 'simulated' and not 'modbus'; correct it")


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
