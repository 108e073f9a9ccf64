"""The key by which a VTN signs evidence, and how anybody checks what it has signed."""

import hashlib
import json
import os
import stat
from collections.abc import Callable
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

from xmpp_cem.core.settlement.evidence import FORMAT, Signature, canonical
from xmpp_cem.errors import ConfigError, RemoteProtocolError

ALGORITHM = "Ed25519"


def signer(key: Ed25519PrivateKey) -> Callable[[bytes], Signature]:
    """Return what signs with a key; Ed25519 signs the same bytes always alike."""
    public = key.public_key().public_bytes_raw()

    def sign(data: bytes) -> Signature:
        return Signature(
            algorithm=ALGORITHM,
            public_key=public.hex(),
            fingerprint=hashlib.sha256(public).hexdigest(),
            value=key.sign(data).hex(),
        )

    return sign


def key_in(path: Path) -> Ed25519PrivateKey:
    """Return the key of a file, which is made when there is none, for its owner alone.

    Raises:
        ConfigError: it cannot be read or made, others can read it, or it holds no such key.
    """
    try:
        if not path.exists():
            return _made(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; correct its rights or its folder's"
        ) from error
    if mode & stat.S_IRWXO:
        raise ConfigError(f"{path}: others can read it (mode {mode:03o}); run: chmod 600 {path}")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path}: holds no private key in PEM; restore it or move it") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: holds another key than Ed25519; restore it or move it")
    return key


def _made(path: Path) -> Ed25519PrivateKey:
    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return key


def verified(data: bytes) -> dict[str, Any]:
    """Return what a file of evidence tells, after its signature was checked.

    Who owns the key is not known from the file: compare the fingerprint.

    Raises:
        RemoteProtocolError: it is no such file, was changed, or is not in canonical form.
    """
    try:
        file = json.loads(data)
        told, signature = file["evidence"], file["signature"]
        if signature["algorithm"] != ALGORITHM or told["format"] != FORMAT:
            raise RemoteProtocolError("1.8", "it is evidence of another form")
        public = bytes.fromhex(signature["public_key"])
        key, value = Ed25519PublicKey.from_public_bytes(public), bytes.fromhex(signature["value"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RemoteProtocolError("1.8", "this is no file of evidence") from error
    if signature.get("fingerprint") != hashlib.sha256(public).hexdigest():
        raise RemoteProtocolError("1.8", "the fingerprint is not that of the key")
    if canonical(file) != data.rstrip(b"\n"):
        raise RemoteProtocolError("1.8", "it is not in canonical form: it was written again")
    try:
        key.verify(value, canonical(told))
    except InvalidSignature as error:
        raise RemoteProtocolError("1.8", "the signature does not fit: it was changed") from error
    return dict(file)
