"""The life of an event at a VEN as one table: from each state, what each cause leads to.

A state is a word about a commitment; a cause is what has just become known. The table is total:
every pair is taken, has nothing to do, or is refused with a code of IEC 61968-9 and a reason for
people. What a cause is, `arrival.py` (versions) and `phases.py` (time) judge.
"""

from collections.abc import Iterable, Mapping

from xmpp_cem.core.life.life import (
    BY_RULE,
    INVALID,
    NOT_ATTEMPTED,
    NOT_KNOWN,
    NOT_LISTED,
    TIMED_OUT,
    WRONG_TARGET,
    Act,
    Cause,
    State,
    Step,
)

_U, _P, _F, _N, _A = State.UNKNOWN, State.PENDING, State.FAR, State.NEAR, State.ACTIVE
_S, _O, _C, _R, _E = (
    State.SUPERSEDED,
    State.COMPLETED,
    State.CANCELLED,
    State.REFUSED,
    State.EXPIRED,
)
OPEN = (_P, _F, _N, _A, _S)
"""States from which an event may still act."""
ENDED = (_O, _C, _R, _E)
"""States that keep a tombstone; only a refusal can be taken back, while its time lasts."""
_ALL = (_U, *OPEN, *ENDED)
_WAITING = (_P, _F, _N, _S)

_Row = Mapping[State, Step]


def _go(to: State, *acts: Act, why: str = "") -> Step:
    return Step(to, acts, why=why)


def _each(states: Iterable[State], to: State, *acts: Act, why: str = "") -> _Row:
    return dict.fromkeys(states, Step(to, acts, why=why))


def _stay(states: Iterable[State], *acts: Act, why: str = "") -> _Row:
    return {state: Step(state, acts, why=why) for state in states}


def _refuse(states: Iterable[State], code: str, why: str, *acts: Act) -> _Row:
    return {state: Step(state, acts, code, why) for state in states}


def _end(to: State, code: str, why: str, *acts: Act) -> _Row:
    """Open states end, with a code for the sender; an active one gives its power back."""
    return {s: Step(to, (*acts, Act.STOP) if s is _A else acts, code, why) for s in OPEN}


_OVER = "the event is over here; what is still wanted needs an event of its own"
_NOT_KNOWN_HERE = "there is no such event here"
_DECIDED = "a decision is asked for only while none is made"
_NOT_OURS = "the event is not addressed to this party"
_EARLIER_END = "a newer version had ended it already"
_LATE = "the event's time is over"
_RULE = "the event breaks a rule of its programme or enrolment"
_CANNOT = "the event asks for what this party cannot do or refers to what it does not know"
_CLOCK = "the clock is not plausible, so the event cannot be judged; it is fetched again later"
_CONFLICTS = "the same version was known with other content"
_BACK = "the owner takes a refusal back while the event lasts"
_MANDATORY = "a mandatory limit takes no opt-out; safety may prevent it, with an alarm"

_VERSIONS: dict[Cause, _Row] = {
    Cause.NEWER: {
        **_each((_U, _P, _R), _P, Act.KEEP, Act.ASK),
        **_stay((_F, _N, _A, _S), Act.KEEP, Act.ASK, why="what was promised stands until decided"),
        **_refuse((_O, _C, _E), BY_RULE, _OVER, Act.DECLINE),
    },
    Cause.POSTPONED: {
        **_each((_U, _P, _R), _P, Act.KEEP, Act.ASK),
        **_each((_F, _N, _S), _F, Act.KEEP, Act.ASK),
        _A: _go(_F, Act.KEEP, Act.STOP, Act.ASK),
        **_refuse((_O, _C, _E), BY_RULE, _OVER, Act.DECLINE),
    },
    Cause.SAME: {
        **_stay((*OPEN, *ENDED), why="nothing new"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.CONFLICT: {
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((*OPEN, *ENDED), INVALID, _CONFLICTS, Act.ALARM),
    },
    Cause.OLDER: {
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((*OPEN, *ENDED), BY_RULE, "a newer version of the event is known"),
    },
    Cause.CANCEL: {
        _U: _go(_C, Act.KEEP, why="remembered, so that an older version cannot revive it"),
        **_each((*_WAITING, _R, _E), _C, Act.KEEP),
        _A: _go(_C, Act.KEEP, Act.STOP),
        _C: _go(_C, Act.KEEP, why="cancelled already"),
        **_refuse((_O,), BY_RULE, _OVER),
    },
    Cause.OMITTED: {
        **_each(_WAITING, _C, why="the VTN's newer index does not list it"),
        _A: _go(_C, Act.STOP, why="the VTN's newer index does not list it"),
        **_stay((_U, *ENDED), why="ended events leave the index"),
    },
    Cause.UNLISTED: _refuse(_ALL, NOT_LISTED, "the VTN's current index does not list this version"),
    Cause.MESSAGE_EXPIRED: _refuse(_ALL, TIMED_OUT, "the message expired before it arrived"),
    Cause.CLOCK_IMPLAUSIBLE: _refuse(_ALL, NOT_ATTEMPTED, _CLOCK),
    Cause.TOO_LATE: {
        **_end(_E, TIMED_OUT, _LATE, Act.KEEP),
        _A: _go(_O, Act.KEEP, Act.STOP, why=_EARLIER_END),
        **_refuse((_U, *ENDED), TIMED_OUT, _LATE),
    },
    Cause.NOT_FOR_ME: {
        **_end(_C, WRONG_TARGET, _NOT_OURS, Act.KEEP),
        **dict.fromkeys((_U, _R), Step(_R, (Act.KEEP,), WRONG_TARGET, _NOT_OURS)),
        **_refuse((_O, _C, _E), WRONG_TARGET, _NOT_OURS),
    },
    Cause.RULE_BROKEN: {
        **_end(_R, BY_RULE, _RULE, Act.KEEP, Act.SAY_OUT),
        **dict.fromkeys((_U, _R), Step(_R, (Act.KEEP, Act.SAY_OUT), BY_RULE, _RULE)),
        **_refuse((_O, _C, _E), BY_RULE, _OVER, Act.DECLINE),
    },
    Cause.UNSUPPORTED: {
        **_end(_R, NOT_KNOWN, _CANNOT, Act.KEEP, Act.SAY_OUT),
        **dict.fromkeys((_U, _R), Step(_R, (Act.KEEP, Act.SAY_OUT), NOT_KNOWN, _CANNOT)),
        **_refuse((_O, _C, _E), BY_RULE, _OVER, Act.DECLINE),
    },
}

_ANSWERS: dict[Cause, _Row] = {
    Cause.OPT_IN: {
        _P: _go(_F, Act.SAY_IN),
        _R: _go(_F, Act.SAY_IN, why=_BACK),
        **_stay((_F, _N, _A, _S), Act.SAY_IN, why="another amount, or a newer version"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((_O, _C, _E), BY_RULE, _OVER),
    },
    Cause.OPT_IN_BARRED: {
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse(
            (*OPEN, _R), BY_RULE, "a rule refuses this event; the owner's yes cannot mend it"
        ),
        **_refuse((_O, _C, _E), BY_RULE, _OVER),
    },
    Cause.OPT_OUT: {
        **_each((_P, _F, _N, _S), _R, Act.SAY_OUT),
        _A: _go(_R, Act.SAY_OUT, Act.STOP),
        _R: _go(_R, Act.SAY_OUT, why="another reason"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((_O, _C, _E), BY_RULE, _OVER),
    },
    Cause.OPT_OUT_BARRED: {
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((*OPEN, _R), BY_RULE, _MANDATORY),
        **_refuse((_O, _C, _E), BY_RULE, _OVER),
    },
    Cause.PREVENTED: {
        **_stay(OPEN, Act.ALARM, why="nothing is more than safe; the event goes on where it can"),
        **_stay((_R,), why="it moves no power"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
        **_refuse((_O, _C, _E), BY_RULE, _OVER),
    },
    Cause.SILENCE_IS_IN: {
        _P: _go(_F, Act.SAY_IN, why="nobody decided by the deadline; the programme says yes"),
        **_stay((_F, _N, _A, _S, *ENDED), why=_DECIDED),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.SILENCE_IS_OUT: {
        _P: _go(_R, Act.SAY_OUT, why="nobody decided by the deadline; the programme says no"),
        **_stay((_F, _N, _A, _S, *ENDED), why=_DECIDED),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
}

_TIMES: dict[Cause, _Row] = {
    Cause.IS_NEAR: {
        _F: _go(_N, Act.PREPARE),
        **_stay((_P, _N, _A, _S, *ENDED)),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.STARTS: {
        _F: _go(_A, Act.PREPARE, Act.START),
        _N: _go(_A, Act.START),
        **_stay((_A, _S, *ENDED)),
        _P: _go(_P, why="nothing acts before a yes"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.ENDS: {
        _A: _go(_O, Act.STOP),
        **_each(_WAITING, _E, why="its time ran out while it did not act"),
        **_stay(ENDED),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.OUTRANKED: {
        **_each((_F, _N), _S),
        _A: _go(_S, Act.STOP),
        **_stay((_P, _S, *ENDED)),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.RANKS_AGAIN: {
        _S: _go(_F, why="the clock brings it on at once"),
        **_stay((_P, _F, _N, _A, *ENDED)),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
    Cause.TOMBSTONE_OVER: {
        **_each(ENDED, _U, Act.FORGET),
        **_refuse(OPEN, NOT_ATTEMPTED, "an event that may still act is not forgotten"),
        **_refuse((_U,), NOT_LISTED, _NOT_KNOWN_HERE),
    },
}

TABLE: Mapping[tuple[State, Cause], Step] = {
    (state, cause): step
    for rows in (_VERSIONS, _ANSWERS, _TIMES)
    for cause, row in rows.items()
    for state, step in row.items()
}
"""Every pair of state and cause; in the documentation as a table and a diagram."""


def step(state: State, cause: Cause) -> Step:
    """Return what a cause leads to; there is an entry for every pair."""
    return TABLE[state, cause]
