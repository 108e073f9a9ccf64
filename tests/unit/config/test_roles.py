from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from xmpp_cem.config.fields import HealthAddress
from xmpp_cem.config.loading import load

Fault = Callable[..., str]
Write = Callable[..., Path]


def test_a_gateway_stands_between_two_domains(fault: Fault):
    said = fault("gateway", ('"agg-1-sites"', '"grid"'))
    assert said == (
        "file: upper.domain and lower.domain are both grid; a gateway stands between two domains"
    )


def test_a_gateway_is_no_member_of_its_own_domain(fault: Fault):
    said = fault("gateway", ('"site-2"', '"agg-1"'))
    assert said == "file: agg-1 is a member of its own domain; remove that member"


def test_a_gateway_does_not_carry_events_in_a_circle(fault: Fault):
    said = fault("gateway", ('"site-2@xmpp.localhost"', '"agg-1@xmpp.localhost"'))
    assert "our account above and a member of agg-1-sites: events would go in a circle" in said
    said = fault("gateway", ('"site-2@xmpp.localhost"', '"grid@xmpp.localhost"'))
    assert "leads a domain above us and is a member of agg-1-sites" in said


def test_several_domains_are_lists_of_tables(write: Write, fault: Fault):
    text = write("gateway").read_text()
    upper = text[text.index("[upper]") : text.index("[lower]")]
    other = upper.replace('"grid"', '"dso-b"').replace("agg-1@", "agg-1-b@")
    lists = upper.replace("[upper]", "[[upper]]") + other.replace("[upper]", "[[upper]]")
    assert [d.domain for d in load(write("gateway", (upper, lists))).upper] == ["grid", "dso-b"]
    twice = 2 * upper.replace("[upper]", "[[upper]]")
    assert "domain above grid is there twice" in fault("gateway", (upper, twice))
    shared = lists.replace("agg-1-b@", "agg-1@")
    assert "account agg-1@xmpp.localhost is there twice" in fault("gateway", (upper, shared))
    wrong = lists.replace('domain = "dso-b"', 'domian = "dso-b"')
    assert "upper[1].domian: unknown key" in fault("gateway", (upper, wrong))


def test_the_answer_margin_has_a_default(write: Write):
    assert load(write("gateway")).cascade.answer_margin == timedelta(seconds=3)
    without = load(write("gateway", ("answer_margin", "# answer_margin")))
    assert without.cascade.answer_margin == timedelta(seconds=2)


def test_resources_have_distinct_ids(fault: Fault):
    said = fault("ven", ('id = "pump"', 'id = "battery"'))
    assert said == "file: resource battery is there twice; remove or rename one"


def test_an_operator_has_distinct_domains(fault: Fault):
    said = fault("operator", ('"agg-1-sites"', '"grid"'))
    assert said == "file: domain grid is there twice; remove or rename one"


def test_an_operator_needs_a_domain(fault: Fault, write: Write, folder: Path):
    text = write("operator").read_text()
    said = fault("operator", (text[text.index("[[domains]]") :], ""))
    assert said.startswith("domains: is missing")


def test_simulated_time_is_optional(write: Write):
    assert load(write("vtn")).clock is None
    clock = load(write("operator")).clock
    assert (clock.origin, clock.speed) == (datetime(2026, 11, 22, 12, tzinfo=UTC), 5.0)


def test_the_control_loop_is_bounded(fault: Fault):
    said = fault("ven", ("PT0.5S", "PT0.05S"))
    assert said == "control.every: 0.05 s is out of range; choose 0.1 s to 60 s"


@pytest.mark.parametrize("address", ["127.0.0.1:9100", "localhost:9100", "[::1]:9100"])
def test_health_is_told_on_loopback(address):
    assert TypeAdapter(HealthAddress).validate_python(address) == address


@pytest.mark.parametrize(
    "address", ["192.0.2.1:9100", "9100", "127.0.0.1", "127.0.0.1:x", "10.0.0.1:1", "::1", ":80"]
)
def test_health_is_told_nowhere_else(address):
    with pytest.raises(ValidationError, match="write it as"):
        TypeAdapter(HealthAddress).validate_python(address)
