"""Registers a SCRAM (RFC 5802) for slixmpp with a fast key derivation and a strong nonce."""

import hashlib
import secrets

from slixmpp.util.sasl.client import SASLCancelled, SASLFailed, SASLMutualAuthFailed, sasl_mech
from slixmpp.util.sasl.mechanisms import SCRAM

MIN_ITERATIONS = 4096
MAX_ITERATIONS = 1_000_000


@sasl_mech(60)
class Scram(SCRAM):
    """SCRAM whose client nonce is unpredictable and whose key derivation runs in C."""

    def Hi(self, text: str | bytes, salt: bytes, iterations: int) -> bytes:  # noqa: N802 slixmpp's
        """Derive the salted password; refuses counts that help a guesser or stall us."""
        if not MIN_ITERATIONS <= iterations <= MAX_ITERATIONS:
            raise SASLCancelled(f"{iterations} iterations are refused")  # type: ignore[no-untyped-call]
        password = text.encode() if isinstance(text, str) else bytes(text)
        return hashlib.pbkdf2_hmac(_digest_name(self.hash_name), password, bytes(salt), iterations)

    def process(self, challenge: bytes = b"") -> bytes:
        """Take the next step; a server that cannot count its steps proves nothing."""
        try:
            return bytes(super().process(challenge) or b"")
        except (SASLFailed, ValueError, KeyError) as error:
            raise SASLMutualAuthFailed(repr(error)) from error  # type: ignore[no-untyped-call]

    def process_1(self, challenge: bytes = b"") -> bytes:
        """Build the first message with a nonce of 192 random bits."""
        super().process_1(challenge)
        weak = b"r=" + bytes(self.cnonce)
        self.cnonce = secrets.token_hex(24).encode()
        bare = bytes(self.client_first_message_bare)
        self.client_first_message_bare = bare.removesuffix(weak) + b"r=" + self.cnonce
        self.client_first_message = bytes(self.gs2_header) + self.client_first_message_bare
        return self.client_first_message


def _digest_name(mechanism_hash: str) -> str:
    """Turn SASL's `SHA-256` into hashlib's `sha256`."""
    return mechanism_hash.replace("-", "").lower()
