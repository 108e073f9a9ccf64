"""How a VTN signs evidence, and how anybody checks what it has signed."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from xmpp_cem.core.settlement.evidence import FORMAT, Signature, canonical
from xmpp_cem.errors import RemoteProtocolError

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
