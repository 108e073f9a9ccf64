"""Writes the generated pages on the life of an event and on failsafe from their tables."""

from collections.abc import Iterable, Mapping

from xmpp_cem.core.failsafe import MODES, FailsafeSettings, Mode, Sign, Turn
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
_FAILSAFE = """# Failsafe

How far a VEN trusts what it knows, as `xmpp_cem/core/failsafe.py` has it; generated from its table
by `scripts/docs`. Every pair of mode and sign is taken, changes nothing, or is refused with a
reason.

In `boot`, `failsafe` and `autonomous` the VEN holds limits of its own, besides those of events; in
`autonomous` only a configuration that says so leaves a direction without one. They are left by an
index and the state that it lists, both come since, and never by a heartbeat alone. An event that
was taken goes on inside them, from what is stored, to its end. After a power cut a random delay
comes first. While the clock is below the latest time that a VTN has confirmed, nothing is lifted.
A jump of the clock, and time that passes unobserved, count towards a loss and never towards lifting
a limit.
"""
_SIGNS = """## Every mode and sign

A mode's name is where the sign leads; `·` changes nothing; *refused* would lift what must hold.
"""


def failsafe() -> str:
    """Return the page with diagram, table, reasons and settings of the failsafe."""
    moves = (
        (mode.value, made.to.value, sign.value)
        for (mode, sign), made in MODES.items()
        if made.to is not mode and sign is not Sign.STARTED
    )
    first = ("[*]", Mode.BOOT.value, f"{Sign.STARTED}, in any mode")
    rows = [(sign.value, *(_mode_cell(mode, MODES[mode, sign]) for mode in Mode)) for sign in Sign]
    reasons: dict[tuple[str, str], list[str]] = {}
    for (mode, sign), made in MODES.items():
        if made.why:
            reasons.setdefault((sign.value, made.why), []).append(mode.value)
    parts = [
        _FAILSAFE,
        "## Diagram\n",
        _diagram((first, *moves)),
        _SIGNS,
        _table(("sign", *(mode.value for mode in Mode)), rows),
        "## Reasons\n",
        _table(("sign", "in", "why"), ((s, ", ".join(m), why) for (s, why), m in reasons.items())),
        "## Defaults\n",
        _table(("setting", "default"), _defaults()),
    ]
    return "\n".join(parts)


def _mode_cell(mode: Mode, made: Turn) -> str:
    if made.is_refused:
        return "*refused*"
    return "·" if made.to is mode else made.to.value


def _defaults() -> Iterable[tuple[str, str]]:
    for name, field in FailsafeSettings.model_fields.items():
        default = "must be set" if field.is_required() else str(field.default)
        yield f"`{name}`", "none: failsafe lasts" if default == "None" else default


def life_cycle() -> str:
    """Return the page with diagram, table, steps and refusals."""
    moves = (
        (_place(state), _place(made.to), cause.value)
        for (state, cause), made in TABLE.items()
        if made.to is not state
    )
    parts = [
        _LIFE,
        "## Diagram\n",
        _diagram(moves),
        _MATRIX,
        _matrix(TABLE),
        "## What is done at each step\n",
        _steps(TABLE),
        "## Refusals\n",
        _refusals(TABLE),
    ]
    return "\n".join(parts)


def _diagram(moves: Iterable[tuple[str, str, str]]) -> str:
    """Return moves as a Mermaid diagram; several causes of one move share an arrow."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for start, to, cause in moves:
        arrows.setdefault((start, to), []).append(cause.replace(", ", " · "))
    lines = ["```mermaid", "stateDiagram-v2"]
    for (start, to), causes in arrows.items():
        lines.append(f"    {start} --> {to}: {'<br/>'.join(causes)}")
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
