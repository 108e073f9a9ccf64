import base64

import pytest
from slixmpp.util.sasl.client import MECHANISMS, SASLCancelled, SASLMutualAuthFailed

from xmpp_cem.xmpp.scram import Scram


def mechanism(name="SCRAM-SHA-256"):
    credentials = {
        "username": b"user",
        "password": b"pencil",
        "authzid": b"",
        "channel_binding": None,
    }
    settings = {"encrypted": True, "binding_proposed": False, "tls_version": "TLSv1.3"}
    return Scram(name, credentials, settings)


def challenge(nonce, iterations=4096):
    return b"r=" + nonce + b"server,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=" + str(iterations).encode()


def test_it_is_the_one_that_slixmpp_uses():
    for name in ("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"):
        assert MECHANISMS[name] is Scram


def test_the_derived_key_is_that_of_rfc_7677():
    salted = mechanism().Hi(b"pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096)
    assert salted.hex().startswith(
        "c4a49510323ab4f952cac1fa99441939e78ea74d6be81ddf7096e87513dc615d"
    )


def test_nonces_differ_and_stand_in_the_message():
    first, second = mechanism(), mechanism()
    messages = first.process(), second.process()
    assert messages[0] == b"y,,n=user,r=" + first.cnonce
    assert first.cnonce != second.cnonce
    assert len(first.cnonce) == 48


@pytest.mark.parametrize("iterations", [1, 4095, 1_000_001, 10**12])
def test_iteration_counts_that_help_an_attacker_are_refused(iterations):
    login = mechanism()
    login.process()
    with pytest.raises(SASLCancelled):
        login.process(challenge(login.cnonce, iterations))


@pytest.mark.parametrize("final", [b"", b"v=", b"v=AAAA", b"nonsense"])
def test_a_server_that_does_not_know_the_password_is_refused(final):
    login = mechanism()
    login.process()
    login.process(challenge(login.cnonce))
    with pytest.raises(SASLMutualAuthFailed):
        login.process(final)
