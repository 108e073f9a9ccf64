from datetime import UTC, datetime
from pathlib import Path

import pytest

from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import GatewayConfig, OperatorConfig, VenConfig, VtnConfig
from xmpp_cem.demo.files import Files, Time
from xmpp_cem.demo.keep import instructions
from xmpp_cem.demo.plan import OPERATOR, Plan
from xmpp_cem.testing.server import Endpoint

START = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def plan():
    return Plan()


@pytest.fixture
def endpoint(tmp_path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("made up")
    return Endpoint("prosody", "xmpp.localhost", "127.0.0.1", 15222, ca_file)


def written(tmp_path, plan, endpoint, speed):
    files = Files(tmp_path, plan, Time(START, speed))
    files.accounts()
    profiles = {}
    for name in ("household", "commerce", "heat-pump", "pv"):
        profiles[name] = tmp_path / f"{name}.json"
        profiles[name].write_text("{}")
    files.write(endpoint, profiles)
    return files


@pytest.mark.parametrize("speed", [1, 5])
def test_every_file_can_be_loaded_as_an_operator_would(tmp_path, plan, endpoint, speed):
    files = written(tmp_path, plan, endpoint, speed)
    configs = {party: load(files.config(party)) for party in (*plan.agents, OPERATOR)}
    kinds = [type(configs[party]) for party in plan.agents]
    assert kinds == [VtnConfig] + [GatewayConfig] * 2 + [VenConfig] * 6
    assert isinstance(configs[OPERATOR], OperatorConfig)
    assert all((config.clock is None) == (speed == 1) for config in configs.values())


def test_one_site_has_a_failsafe(tmp_path, plan, endpoint):
    files = written(tmp_path, plan, endpoint, 1)
    held = [s.party for s in plan.sites if load(files.config(s.party)).failsafe is not None]
    assert held == [plan.guarded.party]


def test_passwords_differ_and_are_nobody_elses_to_read(tmp_path, plan, endpoint):
    files = written(tmp_path, plan, endpoint, 1)
    passwords = [files.password(name) for name in plan.accounts]
    assert len(set(passwords)) == len(passwords)
    modes = {Path(tmp_path / f"{name}.password").stat().st_mode & 0o777 for name in plan.accounts}
    assert modes == {0o600}


def test_profiles_begin_in_the_early_evening_whatever_the_time_is():
    assert (START + Time(START, 1).offset).hour == 16


def test_a_tester_is_told_account_server_and_commands(tmp_path, plan, endpoint):
    files = written(tmp_path, plan, endpoint, 1)
    text = "\n".join(instructions(plan, files, endpoint))
    for part in (files.password("tester"), "15222", str(endpoint.ca_file), "cem/grid/events"):
        assert part in text


def test_the_disturbed_sites_belong_to_different_aggregators(plan):
    north, south = plan.aggregators
    assert plan.overridden in north.sites
    assert plan.killed in south.sites


def test_operator_and_tester_may_watch_every_domain(tmp_path, plan, endpoint):
    files = written(tmp_path, plan, endpoint, 1)
    for party in ("grid", "north", "south"):
        lower = load(files.config(party)).lower
        domains = lower if isinstance(lower, tuple) else (lower,)
        watchers = {str(jid) for each in domains for jid in each.operators}
        assert watchers == {"operator@xmpp.localhost", "tester@xmpp.localhost"}


def test_one_button_overrides_all_resources_of_a_site_and_of_no_other(tmp_path, plan, endpoint):
    files = written(tmp_path, plan, endpoint, 1)
    buttons = [
        {str(resource.settings.button) for resource in load(files.config(site.party)).resources}
        for site in plan.sites
    ]
    assert buttons == [{str(files.button(site))} for site in plan.sites]
