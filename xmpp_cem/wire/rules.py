"""Which verb may travel in which flow and with which noun, as tables (design: flows)."""

import re
from collections.abc import Mapping
from enum import StrEnum

from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.wire.codes import Code, quoted


class Flow(StrEnum):
    """How bytes reached us (clause 5.5, figures 13 to 18)."""

    QUERY = "query"
    """An iq get."""

    TRANSACTION = "transaction"
    """An iq set."""

    REPLY = "reply"
    """An iq result, or the application's element in an iq error."""

    EVENT = "event"
    """A pubsub item."""


class Root(StrEnum):
    """The root elements of IEC 61968-100."""

    REQUEST = "RequestMessage"
    RESPONSE = "ResponseMessage"
    EVENT = "EventMessage"
    FAULT = "FaultMessage"


ROOTS: Mapping[Flow, frozenset[Root]] = {
    Flow.QUERY: frozenset({Root.REQUEST}),
    Flow.TRANSACTION: frozenset({Root.REQUEST, Root.RESPONSE}),
    Flow.REPLY: frozenset({Root.RESPONSE, Root.FAULT}),
    Flow.EVENT: frozenset({Root.EVENT}),
}
"""Flow to the messages that it carries; a response in a transaction is one that comes later."""

FLOW_VERBS: Mapping[Flow, frozenset[Verb]] = {
    Flow.QUERY: frozenset({Verb.GET}),
    Flow.TRANSACTION: frozenset(
        {Verb.CREATE, Verb.CHANGE, Verb.CANCEL, Verb.CLOSE, Verb.DELETE, Verb.EXECUTE}
    ),
    Flow.REPLY: frozenset({Verb.REPLY}),
    Flow.EVENT: frozenset(
        {Verb.CREATED, Verb.CHANGED, Verb.CANCELED, Verb.CLOSED, Verb.DELETED, Verb.EXECUTED}
    ),
}
"""Flow to its verbs; the verbs that IEC 61968-100 has deprecated do not exist here."""

PAST: Mapping[Verb, Verb] = {
    Verb.CREATE: Verb.CREATED,
    Verb.CHANGE: Verb.CHANGED,
    Verb.CANCEL: Verb.CANCELED,
    Verb.CLOSE: Verb.CLOSED,
    Verb.DELETE: Verb.DELETED,
    Verb.EXECUTE: Verb.EXECUTED,
}
"""What is asked to what has happened."""

ACTIONS: Mapping[Noun, frozenset[Verb]] = {
    Noun.CONTROLS: frozenset({Verb.CREATE, Verb.CHANGE, Verb.CANCEL, Verb.CLOSE}),
    Noun.EVENTS: frozenset({Verb.CREATE, Verb.CHANGE, Verb.CANCEL}),
    Noun.READINGS: frozenset({Verb.CREATE, Verb.CHANGE, Verb.CANCEL}),
    Noun.CONFIG: frozenset({Verb.CREATE, Verb.CHANGE, Verb.DELETE}),
    Noun.INDEX: frozenset({Verb.CREATE, Verb.CHANGE}),
    Noun.CARD: frozenset({Verb.CREATE, Verb.CHANGE}),
    Noun.DISPATCH: frozenset({Verb.CREATE, Verb.CHANGE, Verb.CLOSE}),
    Noun.MEMBERS: frozenset({Verb.CREATE, Verb.CHANGE, Verb.DELETE}),
    Noun.NODES: frozenset({Verb.CREATE, Verb.CHANGE, Verb.EXECUTE}),
    Noun.EVIDENCE: frozenset({Verb.CREATE}),
    Noun.OPERATION_SET: frozenset({Verb.EXECUTE}),
}
"""What can be done with a noun, and told of it in the past tense; each can be got and replied."""

NEED_BODY = frozenset({Verb.CREATE, Verb.CHANGE}) | FLOW_VERBS[Flow.EVENT]
"""Verbs that say nothing without a payload; other requests may name what they mean by id."""

_NOUNS = frozenset(Noun)
_PASTS = {noun: frozenset(PAST[action] for action in ACTIONS[noun]) for noun in ACTIONS}

_SPOKEN = re.compile(r"cem-1\.[0-9A-Za-z.-]+")


def is_spoken(revision: str) -> bool:
    """Whether a header's Revision is one that we understand: any minor of major 1."""
    return _SPOKEN.fullmatch(revision) is not None


def broken_rule(flow: Flow, verb: str, noun: str) -> tuple[Code, str] | None:
    """Return the code and the reason that forbid a verb and a noun in a flow, or None."""
    if verb not in FLOW_VERBS[flow]:
        return Code.VERB, f"{quoted(verb)} is no verb of flow {flow}"
    if noun not in _NOUNS:
        return Code.NOUN, f"{quoted(noun)} is no noun of this profile"
    if not _fits(Verb(verb), Noun(noun)):
        return Code.VERB, f"{verb} is not possible with {noun}"
    return None


def broken_operation(verb: str, noun: str) -> tuple[Code, str] | None:
    """Return the code and the reason that forbid an operation of an OperationSet, or None."""
    if noun == Noun.OPERATION_SET:
        return Code.NOUN, f"Operation: {noun} within an OperationSet"
    return broken_rule(Flow.TRANSACTION, verb, noun)


def _fits(verb: Verb, noun: Noun) -> bool:
    if noun is Noun.OPERATION_SET:
        return verb in {Verb.EXECUTE, Verb.REPLY}
    if verb in {Verb.GET, Verb.REPLY}:
        return True
    return verb in ACTIONS[noun] or verb in _PASTS[noun]
