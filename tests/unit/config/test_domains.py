from collections.abc import Callable
from pathlib import Path

import pytest

from xmpp_cem.config.loading import load
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Uplink

Fault = Callable[..., str]
Write = Callable[..., Path]


def test_the_vtns_connection_is_added_where_none_is_given(write: Write):
    assert load(write("gateway")).upper[0].vtn_address == Jid("grid@xmpp.localhost", "vtn")
    watched = load(write("operator")).domains
    assert [d.vtn_address.connection for d in watched] == ["vtn", "vtn-2"]


def test_we_lead_under_a_fixed_connection(write: Write):
    assert load(write("vtn")).lower.address == Jid("vtn-1@xmpp.localhost", "vtn")


@pytest.mark.parametrize(
    ("text", "uplink"),
    [("auto", None), ("publish", Uplink.PUBLISH), ("transaction", Uplink.TRANSACTION)],
)
def test_auto_leaves_the_uplink_to_the_service(write: Write, text: str, uplink: Uplink | None):
    assert load(write("vtn", ('"auto"', f'"{text}"'))).lower.fixed_uplink is uplink


def test_a_ven_has_an_account_of_its_own(fault: Fault):
    said = fault("gateway", ('vtn = "grid@', 'vtn = "agg-1@'))
    assert said == ("upper: vtn and account are the same; a VEN needs an account of its own")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'party = "site-2"',
            'party = "site-1"',
            "member party site-1 is there twice; remove or rename one",
        ),
        (
            '"site-2@xmpp',
            '"site-1@xmpp',
            "member account site-1@xmpp.localhost is there twice; remove or rename one",
        ),
        (
            '"site-2@xmpp',
            '"vtn-1@xmpp',
            "the VTN vtn-1@xmpp.localhost is its own member; remove that member",
        ),
        (
            '"site-2@xmpp',
            '"op@xmpp',
            "op@xmpp.localhost is member and operator; use two accounts",
        ),
        (
            '["op@xmpp',
            '["vtn-1@xmpp',
            "the VTN vtn-1@xmpp.localhost is an operator too; use two accounts",
        ),
        (
            '"op@xmpp.localhost"',
            '"op@xmpp.localhost", "op@xmpp.localhost"',
            "operator op@xmpp.localhost is there twice; remove or rename one",
        ),
        (
            '"PT10S"',
            '"PT7S"',
            "report_every 7 s does not divide a day; choose such as PT10S, PT1M or PT15M",
        ),
    ],
)
def test_a_domain_must_fit_together(fault: Fault, old: str, new: str, said: str):
    assert fault("vtn", (old, new)) == f"lower: {said}"


@pytest.mark.parametrize("text", ["PT1S", "PT15M", "PT1H", "P1D"])
def test_reporting_windows_divide_a_day(write: Write, text: str):
    assert load(write("vtn", ("PT10S", text))).lower.report_every


def test_a_domain_id_is_lower_case(fault: Fault):
    said = fault("vtn", ('"agg-1-sites"', '"Agg 1"'))
    assert said.startswith("lower.domain: string should match pattern")
