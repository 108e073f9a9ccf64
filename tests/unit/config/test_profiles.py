import tomllib
from pathlib import Path

import pytest

import xmpp_cem
from xmpp_cem.config.profiles import GROUP, load_profile
from xmpp_cem.errors import ConfigError
from xmpp_cem.wire.openadr.profile import OPENADR_20B
from xmpp_cem.wire.payloads import IEC61968_9

PROJECT = Path(xmpp_cem.__file__).parents[1] / "pyproject.toml"


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


def own_entries():
    return tomllib.loads(PROJECT.read_text())["project"]["entry-points"][GROUP]


@pytest.mark.parametrize("profile", [IEC61968_9, OPENADR_20B], ids=lambda profile: profile.name)
def test_the_projects_own_profiles_are_found_by_their_names(install, profile):
    install(own_entries())
    assert load_profile(profile.name) is profile


def test_every_entry_point_is_called_as_its_profile(install):
    install(own_entries())
    assert all(load_profile(name).name == name for name in own_entries())


def test_another_package_can_bring_a_profile(install):
    install({"own-1": "xmpp_cem.wire.payloads:IEC61968_9"})
    assert load_profile("own-1") is IEC61968_9


def test_an_unknown_profile_is_refused_with_the_known_ones(install):
    install(own_entries())
    with pytest.raises(ConfigError, match=r"'openadr-3' is unknown; use one of .*openadr-2\.0b"):
        load_profile("openadr-3")


@pytest.mark.parametrize("place", ["no_such_module:X", "xmpp_cem.wire.payloads:NOTHING"])
def test_a_profile_that_cannot_be_loaded_is_named_with_its_place(install, place):
    install({"broken": place})
    with pytest.raises(ConfigError, match=f"'broken' cannot be loaded .*repair {place}"):
        load_profile("broken")


def test_an_entry_point_to_something_else_is_refused(install):
    install({"odd": "xmpp_cem.wire.payloads:FORMATS"})
    with pytest.raises(ConfigError, match="'odd' is no Profile"):
        load_profile("odd")
