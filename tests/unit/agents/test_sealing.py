import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from xmpp_cem.agents.sealing import key_in, signer, verified
from xmpp_cem.core.settlement.evidence import FORMAT, canonical, signed
from xmpp_cem.errors import ConfigError, RemoteProtocolError

DOCUMENT = {"format": FORMAT, "event": "e", "total": {"delivered_wh": -50}}


@pytest.fixture
def file():
    return signed(DOCUMENT, signer(Ed25519PrivateKey.from_private_bytes(b"k" * 32)))


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "evidence.key"
    made = key_in(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert key_in(path).private_bytes_raw() == made.private_bytes_raw()


def test_a_key_that_others_can_read_is_not_used(tmp_path):
    path = tmp_path / "evidence.key"
    key_in(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        key_in(path)


def test_a_key_that_cannot_be_made_names_its_place(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        key_in(tmp_path / "nowhere" / "evidence.key")


@pytest.mark.parametrize("is_text", [True, False])
def test_another_key_is_refused(tmp_path, is_text):
    path = tmp_path / "evidence.key"
    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(b"text" if is_text else pem)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="restore it"):
        key_in(path)


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
