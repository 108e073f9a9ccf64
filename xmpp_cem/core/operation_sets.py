"""Answers a request that holds several operations, operation by operation (IEC 61968-100)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from xmpp_cem.core.effects import Effect, Respond
from xmpp_cem.core.inputs import RequestArrived
from xmpp_cem.core.letters import Letters
from xmpp_cem.messages.envelope import (
    Level,
    Noun,
    Operation,
    ReplyError,
    RequestMessage,
    ResponseMessage,
    Result,
)
from xmpp_cem.model.ids import derived_id

_ANSWERED_LATER = frozenset({Noun.NODES})

Handle = Callable[[RequestArrived], list[Effect]]
"""Takes a single request and returns what it leads to, the answer among it."""


def answer_operations(
    what: RequestArrived, handle: Handle, letters: Letters, now: datetime
) -> list[Effect]:
    """Do each operation as a request of its own would be done, and answer once.

    An operation that failed leaves those before it done; those after it are attempted unless the
    set keeps its sequence. Each that did not wholly succeed has an error with its operationId, and
    so has one that was not attempted, 5.2. What was done in part has not failed.
    """
    operations = what.message.operations
    effects: list[Effect] = []
    results: list[Result] = []
    errors: list[ReplyError] = []
    for operation in operations.operations if operations else ():
        if operations and operations.keeps_sequence and Result.FAILED in results:
            results.append(Result.FAILED)
            errors.append(_error("5.2", "an operation before it failed", operation))
            continue
        done, reply = _one(what, operation, handle)
        effects += done
        if reply is None:
            results.append(Result.FAILED)
            errors.append(_error("5.2", "ask for this in a request of its own", operation))
            continue
        results.append(reply.result)
        errors += [e.model_copy(update={"operation": operation.id}) for e in reply.errors]
    message = letters.reply(
        what.message, now, result=_together(results), errors=tuple(errors[:100])
    )
    return [*effects, Respond(what.link, what.token, message)]


def _one(
    what: RequestArrived, operation: Operation, handle: Handle
) -> tuple[list[Effect], ResponseMessage | None]:
    """Return what one operation leads to, and its answer; None when that would come later."""
    if operation.noun in _ANSWERED_LATER:
        return [], None
    header = what.message.header.model_copy(
        update={
            "verb": operation.verb,
            "noun": operation.noun,
            "message_id": derived_id(what.message.header.message_id, operation.id),
        }
    )
    token = f"{what.token}/{operation.id}"
    single = replace(what, token=token, message=RequestMessage(header=header, body=operation.body))
    effects = handle(single)
    replies = [e.message for e in effects if isinstance(e, Respond) and e.token == token]
    if not replies:
        return [], None
    rest = [e for e in effects if not (isinstance(e, Respond) and e.token == token)]
    return rest, replies[0]


def _error(code: str, reason: str, operation: Operation) -> ReplyError:
    return ReplyError(code=code, reason=reason, level=Level.WARNING, operation=operation.id)


def _together(results: list[Result]) -> Result:
    return results[0] if len(set(results)) == 1 else Result.PARTIAL
