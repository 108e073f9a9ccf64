from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from xmpp_cem.config import drivers
from xmpp_cem.config.drivers import driver_names, load_driver, usable_driver
from xmpp_cem.config.loading import load
from xmpp_cem.drivers.plugin import DriverPlugin
from xmpp_cem.errors import ConfigError
from xmpp_cem.testing.clock import START

Fault = Callable[..., str]
Write = Callable[..., Path]
OURS = ("s2", "script", "simulated", "sunspec")
BATTERY = """driver = "simulated"
kind = "battery"
rated_charge_w = 5000
rated_discharge_w = 4000
capacity_wh = 10000
button = "override"
"""
LACKING = DriverPlugin(dict, lambda *_: None, ("no_such_module",), "xmpp-cem[lacking]")


@pytest.fixture
def installed(monkeypatch):
    """Pretend that entry points are installed."""

    def install(**values: str):
        entries = [EntryPoint(name, value, drivers.GROUP) for name, value in values.items()]
        monkeypatch.setattr(drivers, "entry_points", lambda **_: entries)

    return install


def test_the_projects_drivers_are_found_with_their_packages():
    assert driver_names(only_own=True) == OURS
    assert [usable_driver(name).missing for name in OURS] == [""] * 4


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("no.such.module:PLUGIN", "cannot be loaded"),
        ("xmpp_cem.errors:NOTHING", "cannot be loaded"),
        ("xmpp_cem.errors:ConfigError", "is no DriverPlugin"),
    ],
)
def test_a_broken_entry_point_is_named(installed, value, why):
    installed(broken=value)
    with pytest.raises(ConfigError, match=rf"'broken' {why}.*{value}"):
        load_driver("broken")


def test_a_driver_of_another_package_can_be_named_and_is_not_ours(installed):
    installed(other="xmpp_cem.drivers.simulated_plugin:PLUGIN")
    assert load_driver("other").build is not None
    assert (driver_names(), driver_names(only_own=True)) == (("other",), ())


def test_a_missing_package_is_told_with_the_command_that_installs_it(
    installed, monkeypatch, fault: Fault
):
    monkeypatch.setattr("xmpp_cem.drivers.simulated_plugin.LACKING", LACKING, raising=False)
    installed(lacking="xmpp_cem.drivers.simulated_plugin:LACKING")
    said = fault("ven", ('driver = "simulated"\nkind = "b', 'driver = "lacking"\nkind = "b'))
    assert said.splitlines()[0] == (
        "resources[0].driver: 'lacking' needs the package no_such_module; "
        "run: pip install 'xmpp-cem[lacking]'"
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            'driver = "sunspec"\n',
            "either host or serial says where the device is; give one of them",
        ),
        (
            'driver = "sunspec"\nhost = "pv"\nunit = 300\n',
            "unit: input should be less than or equal to 255 and not 300; correct it",
        ),
        (
            'driver = "sunspec"\nhost = "pv"\nports = 5\n',
            "ports: unknown key; did you mean port?",
        ),
        ('driver = "script"\n', "command: is missing; add it (The program and its arguments;"),
        (
            'driver = "s2"\nkind = "ev"\nport = 1\nhost = "0.0.0.0"\n',
            "give certificate, key_file and token_file, or use 127.0.0.1",
        ),
        (
            'driver = "s2"\nkind = "ev"\nport = 1\ncertificate = "cert.pem"\n',
            "certificate and key_file belong together; give both or neither",
        ),
    ],
)
def test_wrong_settings_are_named_with_their_remedy(fault: Fault, settings: str, said: str):
    text = fault("ven", (BATTERY, settings))
    assert text.startswith(("resources[0]: ", "resources[0]."))
    assert said in text


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ('driver = "sunspec"\nhost = "127.0.0.1"\nbase = 0\n', "SunSpecDriver"),
        ('driver = "sunspec"\nserial = "/dev/ttyUSB0"\nparity = "even"\n', "SunSpecDriver"),
        ('driver = "script"\ncommand = ["./charger"]\n', "ScriptDriver"),
        ('driver = "s2"\nkind = "ev"\nport = 8765\nhost = "localhost"\n', "S2Driver"),
    ],
)
async def test_a_configured_driver_is_built_without_touching_its_device(
    write: Write, settings: str, kind: str
):
    resource = load(write("ven", (BATTERY, settings))).resources[0]
    driver = usable_driver(resource.driver).build(resource.settings, lambda: START)
    assert type(driver).__name__ == kind
    await driver.close()


def test_a_script_works_in_the_files_folder(write: Write, folder: Path):
    settings = 'driver = "script"\ncommand = ["./charger"]\n'
    assert load(write("ven", (BATTERY, settings))).resources[0].settings.folder == folder
