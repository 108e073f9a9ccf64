"""The table of a cascade: where an event stands between its levels, and what a difference leads to.

A cascade has no record of its own: its state is read from the commitment above and the events
below, both of which are kept, so that nothing can contradict them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where an event stands between a domain above and those below."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    ASKING = "asking"
    PROMISED = "promised"
    DECLINED = "declined"
    OVER = "over"


class Sign(StrEnum):
    """A difference between the levels; the first that is seen is made good first."""

    ENDED = "ended above, going on below"
    LOOPED = "has passed here before, or too many levels"
    TAKEN = "its id is taken by another domain above"
    BARRED = "a rule refuses it here"
    RELEASED = "cancelled below"
    TURNED = "asks for the opposite of before"
    PLANNABLE = "members are known, or there is no time to wait"
    CHANGED = "asks for another amount or time"
    MISSED = "a domain below falls short, another can do more"
    ANSWERABLE = "what may be said above is not what was said"
    SHORT = "what is missing is not what was told"


class Deed(StrEnum):
    """What a step does, in the order given; all of it within one commit."""

    CREATE = "create the events below"
    MODIFY = "change the events below"
    DIVIDE = "divide anew between the domains below"
    CANCEL = "cancel the events below"
    ANSWER = "answer above with the sum"
    REFUSE = "answer no above"
    REPORT = "tell the shortfall above, by a status event"


@dataclass(frozen=True, slots=True)
class Move:
    """What a sign leads to.

    Args:
        to: the phase afterwards; an answer may lead to `promised` or `declined` by what it says.
        deeds: what is done, in order.
        why: for people; of a sign that is refused always there.
        is_refused: whether the sign makes no sense here, so that nothing is done.
    """

    to: Phase
    deeds: tuple[Deed, ...] = ()
    why: str = ""
    is_refused: bool = False


_U, _W, _A, _P, _D, _O = Phase
_Row = Mapping[Phase, Move]


def _go(to: Phase, *deeds: Deed, why: str = "") -> Move:
    return Move(to, deeds, why)


def _stay(phases: Iterable[Phase], *deeds: Deed, why: str = "") -> _Row:
    return {phase: Move(phase, deeds, why) for phase in phases}


def _refuse(phases: Iterable[Phase], why: str) -> _Row:
    return {phase: Move(phase, (), why, is_refused=True) for phase in phases}


_NOTHING_ABOVE = "nothing is known of it above"
_NOTHING_BELOW = "nothing has been asked below"
_ALL_OVER = "it is over, above and below"
_ASKED = "it was planned or refused already, and is not planned twice"
_ANSWERED_NO = "no stands until the members say otherwise"

_ROWS: dict[Sign, _Row] = {
    Sign.ENDED: {
        **dict.fromkeys((_A, _P, _D), _go(_O, Deed.CANCEL)),
        _O: _go(_O, Deed.CANCEL, why="what is left of it below"),
        _W: _go(_O, why=_NOTHING_BELOW),
        _U: _go(_U, Deed.CANCEL, why="nobody above asks for it any more"),
    },
    Sign.LOOPED: {
        _W: _go(_D, Deed.REFUSE),
        **_refuse((_D,), _ANSWERED_NO),
        **_refuse((_A, _P), "what stands below came by another way and goes on"),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.TAKEN: {
        _W: _go(_D, Deed.REFUSE),
        **_refuse((_D,), _ANSWERED_NO),
        **_refuse((_A, _P), "what stands below is its own"),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.BARRED: {
        **dict.fromkeys((_A, _P, _D), _go(_D, Deed.MODIFY, why="members are released")),
        **_refuse((_W,), _NOTHING_BELOW),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.RELEASED: {
        **dict.fromkeys((_A, _P, _D), _go(_D, Deed.REFUSE)),
        **_refuse((_W,), _NOTHING_BELOW),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.TURNED: {
        **dict.fromkeys((_A, _P, _D), _go(_D, Deed.CANCEL, Deed.REFUSE)),
        **_refuse((_W,), _NOTHING_BELOW),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.PLANNABLE: {
        _W: _go(_A, Deed.CREATE),
        **_refuse((_A, _P, _D), _ASKED),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.CHANGED: {
        **_stay((_A, _P), Deed.MODIFY, why="also while the first plan is being answered"),
        _D: _go(_D, Deed.MODIFY, why="members who can do this may take the no back"),
        **_refuse((_W,), _NOTHING_BELOW),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.MISSED: {
        **_stay((_A, _P), Deed.DIVIDE),
        _D: _go(_D, Deed.DIVIDE, why="others may make a yes of it"),
        **_refuse((_W,), _NOTHING_BELOW),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.ANSWERABLE: {
        _A: _go(_P, Deed.ANSWER),
        _P: _go(_P, Deed.ANSWER, why="a change of mind, by message"),
        _D: _go(_P, Deed.ANSWER, why="a no is taken back while the event lasts"),
        **_refuse((_W,), "never a yes before members were asked"),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
    Sign.SHORT: {
        **_stay((_P, _D), Deed.REPORT),
        **_refuse((_W, _A), "nothing was said yet"),
        **_refuse((_U,), _NOTHING_ABOVE),
        **_refuse((_O,), _ALL_OVER),
    },
}

TABLE: Mapping[tuple[Phase, Sign], Move] = {
    (phase, sign): row[phase] for sign, row in _ROWS.items() for phase in Phase
}
"""Every pair of phase and sign; in the documentation as a table and a diagram."""
