"""Who may ask a VTN for what: one table of role, verb and noun."""

from enum import StrEnum

from xmpp_cem.messages.envelope import Noun, Verb


class Role(StrEnum):
    """What an account is in a domain."""

    VEN = "ven"
    OPERATOR = "operator"


_ALLOWED: dict[Role, frozenset[tuple[Verb, Noun]]] = {
    Role.VEN: frozenset(
        {
            (Verb.CREATE, Noun.CONFIG),
            (Verb.CHANGE, Noun.CONFIG),
            (Verb.DELETE, Noun.CONFIG),
            (Verb.CREATE, Noun.EVENTS),
            (Verb.CHANGE, Noun.EVENTS),
            (Verb.CANCEL, Noun.EVENTS),
            (Verb.CREATE, Noun.READINGS),
            (Verb.GET, Noun.CONTROLS),
            (Verb.GET, Noun.CONFIG),
        }
    ),
    Role.OPERATOR: frozenset(
        {
            (Verb.CREATE, Noun.CONTROLS),
            (Verb.CHANGE, Noun.CONTROLS),
            (Verb.CANCEL, Noun.CONTROLS),
            (Verb.GET, Noun.CONTROLS),
            (Verb.GET, Noun.DISPATCH),
            (Verb.GET, Noun.READINGS),
            (Verb.GET, Noun.CONFIG),
            (Verb.GET, Noun.EVENTS),
            (Verb.GET, Noun.MEMBERS),
            (Verb.CREATE, Noun.MEMBERS),
            (Verb.CHANGE, Noun.MEMBERS),
            (Verb.DELETE, Noun.MEMBERS),
            (Verb.GET, Noun.NODES),
            (Verb.GET, Noun.EVIDENCE),
            (Verb.EXECUTE, Noun.NODES),
        }
    ),
}


def is_allowed(role: Role, verb: Verb, noun: Noun) -> bool:
    """Whether an account of this role may ask this."""
    return (verb, noun) in _ALLOWED[role]
