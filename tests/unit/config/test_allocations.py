import tomllib
from pathlib import Path

import pytest

import xmpp_cem
from xmpp_cem.allocations.in_order import MERIT_ORDER
from xmpp_cem.config.allocations import GROUP, load_allocation
from xmpp_cem.errors import ConfigError

PROJECT = Path(xmpp_cem.__file__).parents[1] / "pyproject.toml"
OWN = tomllib.loads(PROJECT.read_text())["project"]["entry-points"][GROUP]


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package that has nothing but entry points."""

    def install(entries):
        folder = tmp_path / "plugged-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1\n")
        lines = [f"{name} = {place}" for name, place in entries.items()]
        (folder / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines]))
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_every_allocation_of_the_project_is_found_by_its_name(install):
    install(OWN)
    assert {load_allocation(name).name for name in OWN} == {
        "pro-rata",
        "merit-order",
        "priority",
        "rotation",
        "minimum-disturbance",
    }


def test_another_package_can_bring_an_allocation(install):
    install({"own-1": OWN["merit-order"]})
    assert load_allocation("own-1") is MERIT_ORDER


def test_an_unknown_allocation_is_refused_with_the_known_ones(install):
    install(OWN)
    with pytest.raises(ConfigError, match=r"'even' is unknown; use one of .*rotation"):
        load_allocation("even")


def test_an_entry_point_to_something_else_is_refused(install):
    install({"odd": "xmpp_cem.allocations.filling:fill"})
    with pytest.raises(ConfigError, match="allocation: 'odd' is no Allocation"):
        load_allocation("odd")
