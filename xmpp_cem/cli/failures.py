"""Exit codes, and what is said when a command cannot do its work."""

from typing import Any

import typer
from typer.core import TyperGroup

from xmpp_cem.cli.output import show_error
from xmpp_cem.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    RefusedError,
    RequestTimeoutError,
    StreamLostError,
    XmppCemError,
)
from xmpp_cem.messages.envelope import ResponseMessage, Result

FAILED = 1
WRONG_USE = 2
UNREACHABLE = 3
REFUSED = 4

_ABSENT = frozenset(
    {
        "gone",
        "item-not-found",
        "recipient-unavailable",
        "remote-server-not-found",
        "remote-server-timeout",
        "service-unavailable",
    }
)


_OUTCOME = "the outcome is unknown; look at it before trying again"


class DeniedError(XmppCemError):
    """The VTN has read a command and says no; the text carries its codes and reasons."""


_SENTENCES: tuple[tuple[type[XmppCemError], int, str], ...] = (
    (ConfigError, WRONG_USE, "{}"),
    (DeniedError, REFUSED, "{}"),
    (RefusedError, REFUSED, "refused: {}; check what this account may do"),
    (AuthenticationError, REFUSED, "no login: {}; check the account's password and ca_file"),
    (ConnectError, UNREACHABLE, "{}"),
    (RequestTimeoutError, UNREACHABLE, "no answer in time: {}; " + _OUTCOME),
    (StreamLostError, UNREACHABLE, "connection lost: {}; " + _OUTCOME),
)


def accepted(reply: ResponseMessage) -> ResponseMessage:
    """Return a reply that is not FAILED.

    Raises:
        DeniedError: it is.
    """
    if reply.result is Result.FAILED:
        reasons = "; ".join(f"{error.reason} (code {error.code})" for error in reply.errors)
        raise DeniedError(f"the VTN refuses: {reasons or 'it gives no reason'}")
    return reply


def judged(error: XmppCemError) -> tuple[int, str]:
    """Return the exit code of an error and the sentence for it."""
    if isinstance(error, RefusedError) and error.condition in _ABSENT:
        return UNREACHABLE, f"the peer is not there: {error}; check that its agent runs"
    for kind, code, sentence in _SENTENCES:
        if isinstance(error, kind):
            return code, sentence.format(error)
    return FAILED, str(error)


class Commands(TyperGroup):
    """The program's commands: none of our own errors ends in a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command and turn an error into its sentence and exit code."""
        try:
            return super().invoke(ctx)
        except XmppCemError as error:
            code, text = judged(error)
        except ExceptionGroup as group:
            code, text = judged(_first_of_ours(group))
        show_error(text)
        raise typer.Exit(code)


def _first_of_ours(group: ExceptionGroup[Exception]) -> XmppCemError:
    """Return an error out of a task group that has failed; raises the group if it is a bug."""
    ours, others = group.split(XmppCemError)
    if ours is None or others is not None:
        raise group
    inner: Exception = ours
    while isinstance(inner, ExceptionGroup):
        inner = inner.exceptions[0]
    return inner if isinstance(inner, XmppCemError) else XmppCemError(str(inner))
