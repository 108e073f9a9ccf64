"""Words why a login cannot succeed, each with its remedy."""

from datetime import UTC, datetime

from xmpp_cem.errors import (
    AuthenticationError,
    ExpiredCertificateError,
    TransportError,
    UntrustedServerError,
)
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Stage
from xmpp_cem.xmpp.credentials import Credentials


def not_encrypted(wanted: Credentials) -> AuthenticationError:
    """Return the reason where the server wants to go on in clear (RFC 6120, 5)."""
    return AuthenticationError(
        f"{wanted.address.host} offers no encryption, so nothing was sent; enable TLS there"
    )


def untrusted(wanted: Credentials, error: object) -> UntrustedServerError:
    """Return the reason where the TLS handshake failed, mostly for the certificate."""
    return UntrustedServerError(
        f"TLS with {wanted.address.host} failed or is not trusted ({error}); "
        "check ca_file and the server's certificate"
    )


def no_mechanism(wanted: Credentials) -> AuthenticationError:
    """Return the reason where the server has none of our SASL mechanisms."""
    names = ", ".join(sorted(wanted.mechanisms))
    return AuthenticationError(
        f"{wanted.address.host} offers none of {names}; enable one there "
        "(stock Debian servers need allow_scram_sha1)"
    )


def refused(wanted: Credentials, condition: str) -> AuthenticationError:
    """Return the reason where the server does not take our proof (RFC 6120, 6.5)."""
    return AuthenticationError(
        f"the server refuses {wanted.address.bare} ({condition}); "
        "check the password or certificate, and that the account exists"
    )


def wrong_account(wanted: Credentials, bound: Jid) -> AuthenticationError:
    """Return the reason where the proof belongs to somebody else."""
    return AuthenticationError(
        f"the server logged us in as {bound.bare}, not {wanted.address.bare}; "
        "the certificate belongs to another account"
    )


def explained(wanted: Credentials, stage: Stage, error: TransportError) -> TransportError:
    """Return why a login has failed; servers seldom say that our own certificate has ended."""
    ended = wanted.certificate_ends if stage in {Stage.TLS, Stage.LOGIN} else None
    if ended is None or ended > datetime.now(UTC):  # noqa: TID251 TLS goes by the computer's clock
        return error
    return ExpiredCertificateError(
        f"our certificate {wanted.certificate} has expired at {ended:%Y-%m-%d %H:%M:%S} UTC "
        f"({error}); renew the file, it is read anew before each attempt"
    )
