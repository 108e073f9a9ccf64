import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from xmpp_cem.agents.sealing import signer, verified
from xmpp_cem.core.settlement.evidence import FORMAT, canonical, signed
from xmpp_cem.errors import RemoteProtocolError

DOCUMENT = {"format": FORMAT, "event": "e", "total": {"delivered_wh": -50}}


@pytest.fixture
def file():
    return signed(DOCUMENT, signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32)))


def test_what_was_signed_is_told_with_and_without_its_last_newline(file):
    assert verified(file)["evidence"] == DOCUMENT
    assert verified(file + b"\n")["evidence"] == DOCUMENT


def test_the_same_document_is_signed_alike(file):
    assert file == signed(DOCUMENT, signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32)))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"-50", b"-51", "changed"),
        (b'"evidence":', b'"evidence": ', "canonical"),
        (b'"fingerprint":"', b'"fingerprint":"00', "fingerprint"),
        (b"Ed25519", b"none", "another form"),
        (FORMAT.encode(), b"other/9", "another form"),
        (b"{", b"", "no file"),
    ],
)
def test_what_was_changed_is_refused(file, old, new, why):
    with pytest.raises(RemoteProtocolError, match=why):
        verified(file.replace(old, new, 1))


def test_a_document_without_its_signature_is_no_evidence():
    with pytest.raises(RemoteProtocolError, match="no file"):
        verified(canonical(DOCUMENT))
