"""Every folder beside this file is one rule of the wire format, with bytes that show it."""

import json
import tomllib
from pathlib import Path

import pytest

from tests import openadr
from tests.schemas import flaws
from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.wire.openadr.names import MAPPED
from xmpp_cem.wire.openadr.profile import OPENADR_20B
from xmpp_cem.wire.payloads import IEC61968_9

VECTORS = sorted(path.parent for path in Path(__file__).parent.glob("*/case.toml"))


PROFILES = {profile.name: profile for profile in (IEC61968_9, OPENADR_20B)}


def case(vector):
    return tomllib.loads((vector / "case.toml").read_text(encoding="utf-8"))


def profile_of(vector):
    return PROFILES[case(vector).get("profile", IEC61968_9.name)]


def read(vector):
    return decode((vector / "in.xml").read_bytes(), Flow(case(vector)["flow"]), profile_of(vector))


def named(expectation):
    return [
        pytest.param(vector, id=vector.name) for vector in VECTORS if expectation in case(vector)
    ]


@pytest.mark.parametrize("vector", named("expect"))
def test_a_vector_is_understood_and_written_canonically(vector):
    expected = json.loads((vector / "message.json").read_text(encoding="utf-8"))
    message = read(vector)
    assert type(message).__name__ == expected["type"]
    assert message == type(message).model_validate_json(json.dumps(expected["message"]))
    if "unwritten" in case(vector):
        with pytest.raises(LocalProtocolError, match=case(vector)["unwritten"]):
            encode(message, profile_of(vector))
    else:
        assert encode(message, profile_of(vector)) == (vector / "out.xml").read_bytes()


@pytest.mark.parametrize(
    "vector", [v for v in named("expect") if "unwritten" not in case(*v.values)]
)
def test_what_is_written_is_valid_against_the_schemas(vector):
    data = (vector / "out.xml").read_bytes()
    if profile_of(vector) is OPENADR_20B and read(vector).header.noun in MAPPED:
        assert openadr.flaws(data) == []
    else:
        assert flaws(data) == []


@pytest.mark.parametrize("vector", named("code"))
def test_a_vector_is_refused_with_its_code_and_reason(vector):
    rule = case(vector)
    with pytest.raises(RemoteProtocolError) as caught:
        read(vector)
    assert caught.value.code == rule["code"]
    assert rule["reason"] in caught.value.reason


@pytest.mark.parametrize("gap", [pytest.param(gap, id=gap.vector) for gap in OPENADR_20B.gaps])
def test_what_is_not_read_of_openadr_is_shown_as_its_table_says(gap):
    vector = Path(__file__).parent / gap.vector
    if "for that event" in gap.code:
        (unread,) = read(vector).body.unread
        assert unread.code in gap.code
    else:
        assert case(vector).get("code", "") == gap.code


def test_every_vector_says_which_clause_it_shows_and_why():
    for vector in VECTORS:
        rule = case(vector)
        assert rule["clause"]
        assert rule["why"]
        assert ("expect" in rule) is not ("code" in rule)
