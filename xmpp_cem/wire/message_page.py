"""Writes the page on messages: a text with tables from the code and XML from the vectors."""

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from xmpp_cem.messages.configuration import Admission
from xmpp_cem.model.event import Event
from xmpp_cem.model.programme import Consent, DailyWindow, Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.model.value import Value
from xmpp_cem.wire import configuration, controls, programmes
from xmpp_cem.wire.codes import Code
from xmpp_cem.wire.fields import INTERVAL, ORDER, Fields
from xmpp_cem.wire.reference import meanings
from xmpp_cem.wire.rules import FLOW_VERBS, ROOTS, Flow
from xmpp_cem.wire.signals import KINDS
from xmpp_cem.wire.xml import local_name, parse, pretty

_DIRECTIVE = re.compile(r"^\{\{(\w+)(?: (.+))?\}\}$", re.MULTILINE)
_CODE = re.compile(r"^    \| ([\d.]+) \| (.*) \|$", re.MULTILINE)

_TABLES: Mapping[str, tuple[type[Value], Fields]] = {
    "event": (
        Event,
        {**controls.FIELDS, **controls.DELAY, **controls.SPREADS, **ORDER, **INTERVAL},
    ),
    "programme": (Programme, {**programmes.RULES, **INTERVAL, **programmes.TITLE}),
    "window": (DailyWindow, programmes.WINDOW),
    "enrolment": (Enrolment, {**programmes.BOUND, **INTERVAL}),
    "consent": (Consent, programmes.CONSENT),
    "optSchedule": (OptSchedule, {**programmes.OPTED, **programmes.TOLD}),
    "admission": (Admission, configuration.ADMITTED),
}
_CARRIERS: Mapping[Flow, tuple[str, str]] = {
    Flow.QUERY: ("5.5.3", "iq get"),
    Flow.TRANSACTION: ("5.5.2", "iq set"),
    Flow.REPLY: ("5.5.2, 5.5.3", "iq result; a FaultMessage in an iq error"),
    Flow.EVENT: ("5.5.4", "pubsub item"),
}
_OF_PARTS = {
    "epoch": "with `modification` the version: a later epoch wins, then a later modification",
    "modification": "counts the versions of an epoch",
    "start": "begin of `active` or `valid`, UTC",
    "end": "its end, which is outside, UTC",
}


def page(template: str, vectors: Path) -> str:
    """Return the page.

    Args:
        template: the text, with a directive in a line of its own for each part that is made:
            `flows`, `signals`, `codes`, `table ELEMENT` or `vector NAME: ELEMENTS`, in two braces.
        vectors: the folder of the vectors.
    """
    makers: Mapping[str, Callable[[str], str]] = {
        "flows": lambda _: _flows(),
        "signals": lambda _: _signals(),
        "codes": lambda _: _codes(),
        "table": _table,
        "vector": lambda text: _vector(vectors, text),
    }
    return _DIRECTIVE.sub(lambda found: makers[found[1]](found[2] or ""), template)


def _rows(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    titles = list(head)
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _quoted(words: Iterable[str]) -> str:
    return " ".join(f"`{word}`" for word in sorted(words))


def _flows() -> str:
    rows = (
        (f"{flow.value} ({clause})", carrier, _quoted(ROOTS[flow]), _quoted(FLOW_VERBS[flow]))
        for flow, (clause, carrier) in _CARRIERS.items()
    )
    return _rows(("flow (clause)", "carrier", "messages", "verbs"), rows)


def _signals() -> str:
    rows = []
    for name, kind in KINDS.items():
        summary = inspect.cleandoc(kind.model.__doc__ or "").split("\n\n")[0].replace("\n", " ")
        told = meanings(kind.model)
        parts = [
            f"`{wire}`{': ' + told[field].rstrip('.') if field in told else ''}"
            for field, (wire, _) in kind.fields.items()
        ]
        rows.append((f"`{name}`", summary, "; ".join(parts)))
    return _rows(("signal", "meaning", "attributes"), rows)


def _codes() -> str:
    known = dict(_CODE.findall(Code.__doc__ or ""))
    return _rows(("code", "when"), ((code.value, known[code.value]) for code in Code))


def _table(name: str) -> str:
    model, fields = _TABLES[name]
    told = meanings(model)
    rows = [
        (f"`{wire}`", told.get(field) or _OF_PARTS.get(field, ""))
        for field, (wire, _) in fields.items()
    ]
    return _rows((f"`{name}`", "meaning"), rows)


def _vector(folder: Path, text: str) -> str:
    """Return the first element of each of the names within a vector's canonical form."""
    name, _, wanted = text.partition(": ")
    place = folder / name
    data = (place / "out.xml").read_bytes()
    elements = list(parse(data).iter())
    shown = []
    for element_name in wanted.split(", "):
        element = next(each for each in elements if local_name(each) == element_name)
        shown.append(pretty(element))
    return "\n".join([f"`tests/vectors/{name}`:", "", "```xml", *shown, "```"])
