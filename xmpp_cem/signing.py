"""Signs records as files that anybody can check: canonical JSON and Ed25519."""

import base64
import binascii
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from xmpp_cem.errors import ConfigError, XmppCemError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SignatureError(XmppCemError):
    """A signed file is not what was signed."""


def own_key(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file, made on first use so that only its owner can read it.

    Raises:
        ConfigError: it cannot be made or read, is open to others, or holds no Ed25519 key.
    """
    try:
        return _made(path)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise ConfigError(
            f"{path}: the key cannot be made ({error.strerror}); correct the folder's rights"
        ) from error


def signed(record: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """Return a file that carries a record, the public key and the signature of both, as JSON.

    The same record and key give the same bytes: Ed25519 draws nothing at random (RFC 8032).
    """
    public = base64.b64encode(key.public_key().public_bytes_raw()).decode()
    content = {"algorithm": "Ed25519", "key": public, "record": dict(record)}
    signature = base64.b64encode(key.sign(_canonical(content))).decode()
    return _canonical({**content, "signature": signature}) + b"\n"


def verified(data: bytes) -> tuple[dict[str, Any], str]:
    """Return the record of a signed file and the public key, base64, that it was signed with.

    Whose key that is, the reader has to know.

    Raises:
        SignatureError: it is no signed file, or was changed after it was signed.
    """
    try:
        content = json.loads(data)
        signature = base64.b64decode(content.pop("signature"), validate=True)
        public = base64.b64decode(content["key"], validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _canonical(content))
    except InvalidSignature as error:
        raise SignatureError("the file was changed after it was signed") from error
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise SignatureError("this is no signed file") from error
    return content["record"], content["key"]


def _canonical(content: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a JSON value that is signed: sorted keys, no space, UTF-8."""
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def _made(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 by descriptor
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return key


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        mode, pem = path.stat().st_mode, path.read_bytes()
        key = load_pem_private_key(pem, None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(
            f"{path}: the key cannot be read ({error}); correct its rights, or move it away"
        ) from error
    if mode & _OTHERS:
        raise ConfigError(f"{path}: others can read this key; run: chmod 600 {path}")
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: this is no Ed25519 key; move it away")
    return key
