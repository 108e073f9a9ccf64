"""Writes the generated page on the life of an event from its transition table."""

from collections.abc import Iterable, Mapping

from xmpp_cem.core.life import Cause, State, Step
from xmpp_cem.core.lifecycle import TABLE

_LIFE = """# The life of an event

What an event goes through at a VEN, as `xmpp_cem/core/lifecycle.py` has it; generated from its
table by `scripts/docs`. Every pair of state and cause is taken, has nothing to do, or is refused
with a code of IEC 61968-9 and a reason.

Order is judged first, by (epoch, modification), then time, then content. The clock brings a state
on in the same commit: a yes after the start passes through `far` and acts at once. `expired` is an
event whose time ran out while it did not act, `completed` one that acted until its end.
`superseded` acts again when the higher priority is over first.
"""
_MATRIX = """## Every state and cause

A state's name is where the cause leads; `·` is taken and changes nothing; a figure refuses with
that code, and where the state changes all the same, with both.
"""


def life_cycle() -> str:
    """Return the page with diagram, table, steps and refusals."""
    parts = [
        _LIFE,
        "## Diagram\n",
        _diagram(TABLE),
        _MATRIX,
        _matrix(TABLE),
        "## What is done at each step\n",
        _steps(TABLE),
        "## Refusals\n",
        _refusals(TABLE),
    ]
    return "\n".join(parts)


def _diagram(table: Mapping[tuple[State, Cause], Step]) -> str:
    """Return the moves as a Mermaid diagram; several causes of one move share an arrow."""
    moves: dict[tuple[State, State], list[str]] = {}
    for (state, cause), made in table.items():
        if made.to is not state:
            moves.setdefault((state, made.to), []).append(cause.value.replace(", ", " · "))
    lines = ["```mermaid", "stateDiagram-v2"]
    for (state, to), causes in moves.items():
        lines.append(f"    {_place(state)} --> {_place(to)}: {'<br/>'.join(causes)}")
    return "\n".join([*lines, "```", ""])


def _place(state: State) -> str:
    return "[*]" if state is State.UNKNOWN else state.value


def _matrix(table: Mapping[tuple[State, Cause], Step]) -> str:
    rows = [
        (cause.value, *(_cell(state, table[state, cause]) for state in State)) for cause in Cause
    ]
    return _table(("cause", *(state.value for state in State)), rows)


def _cell(state: State, made: Step) -> str:
    moved = "" if made.to is state else made.to.value
    code = made.code if made.is_refused else ""
    return " ".join(part for part in (moved, code) if part) or "·"


def _steps(table: Mapping[tuple[State, Cause], Step]) -> str:
    rows = [
        (state.value, cause.value, made.to.value, ", ".join(made.acts), made.why)
        for (state, cause), made in table.items()
        if made.acts or made.to is not state
    ]
    order = [state.value for state in State]
    rows.sort(key=lambda row: order.index(row[0]))
    return _table(("from", "cause", "to", "done", "why"), rows)


def _refusals(table: Mapping[tuple[State, Cause], Step]) -> str:
    found: dict[tuple[str, str, str], list[str]] = {}
    for (state, cause), made in table.items():
        if made.is_refused:
            found.setdefault((made.code, cause.value, made.why), []).append(state.value)
    rows = [
        (code, cause, ", ".join(states), why)
        for (code, cause, why), states in sorted(found.items(), key=lambda entry: entry[0])
    ]
    return _table(("code", "cause", "in", "reason"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = tuple(head)
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, ""])
