import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from xmpp_cem.errors import ConfigError
from xmpp_cem.signing import SignatureError, own_key, signed, verified

RECORD = {"b": [1, {"ä": None}], "a": "x"}


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    path = tmp_path / "box.key"
    first = own_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert own_key(path).private_bytes_raw() == first.private_bytes_raw()


def test_what_was_signed_is_read_again_with_its_key(tmp_path):
    key = own_key(tmp_path / "k")
    data = signed(RECORD, key)
    record, public = verified(data)
    assert record == RECORD
    assert public == verified(signed({}, key))[1]


def test_the_same_record_gives_the_same_bytes(tmp_path):
    key = own_key(tmp_path / "k")
    assert signed(RECORD, key) == signed(dict(reversed(RECORD.items())), key)


def test_a_changed_file_and_another_key_are_found(tmp_path):
    data = signed(RECORD, own_key(tmp_path / "k"))
    with pytest.raises(SignatureError, match="changed"):
        verified(data.replace(b'"x"', b'"y"'))
    other = json.loads(data)
    other["key"] = json.loads(signed({}, own_key(tmp_path / "l")))["key"]
    with pytest.raises(SignatureError, match="changed"):
        verified(json.dumps(other).encode())


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"signature": 1}', b"\xff", b'{"signature":"%"}']
)
def test_what_is_no_signed_file_is_refused(data):
    with pytest.raises(SignatureError, match="no signed file"):
        verified(data)


def test_a_key_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "k"
    own_key(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        own_key(path)


def test_what_is_no_key_is_refused(tmp_path):
    path = tmp_path / "k"
    path.write_text("hello")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="cannot be read"):
        own_key(path)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot be made"):
        own_key(tmp_path / "no" / "k")


def test_a_key_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "k"
    other = generate_private_key(SECP256R1())
    path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="no Ed25519 key"):
        own_key(path)


def test_a_key_that_cannot_be_made_names_its_place(tmp_path):
    with pytest.raises(ConfigError, match="nowhere"):
        own_key(tmp_path / "nowhere" / "k")
