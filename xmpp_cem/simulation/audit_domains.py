"""Whether upper and lower domains agree: events, answers, targets and sums."""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid5

from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.simulation.books import Book
from xmpp_cem.simulation.findings import Finding, Scene

_ENDED = {EventStatus.CANCELLED, EventStatus.COMPLETED}


def cascades(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """Every upper event has at most one lower one, whose id follows from it."""
    for party, book in books.items():
        seen: dict[str, str] = {}
        for key, versions in book.all(Dispatch).items():
            upper = versions[-1].upper
            if upper is None:
                continue
            if key != str(uuid5(UUID(upper), scene.domains[party])):
                yield "ids of a cascade are derived", f"{party}: {key[:8]} of {upper[:8]}"
            if seen.setdefault(upper, key) != key:
                yield "one lower event per upper one", f"{party}: two events of {upper[:8]}"


def agreement(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """After quiet every party knows the same of every event that is live, or was cancelled."""
    for party in dict.fromkeys(scene.uppers.values()):
        if party not in books:
            continue
        dispatches = books[party].last(Dispatch)
        parts = books[party].last(Part)
        for member in scene.members(party):
            held = books[member].last(Commitment) if member in books else {}
            for key, dispatch in dispatches.items():
                part = parts.get(f"{key}/{member}")
                who = f"{member}, {key[:8]}"
                yield from _pair(dispatch, held.get(key), part, who, scene)
            for key in held.keys() - dispatches.keys():
                if _is_live(held[key], scene):
                    yield "every event has its VTN", f"{member}: {key[:8]} is nobody's"
        if party in scene.uppers:
            yield from _gateway(party, books[party], scene)


def _pair(
    dispatch: Dispatch, held: Commitment | None, part: Part | None, who: str, scene: Scene
) -> Iterator[Finding]:
    """Compare what a VTN and one of its members know of an event."""
    event = dispatch.event
    if scene.now >= event.active.end:
        return
    if event.status in _ENDED:
        if held is not None and held.is_live:
            yield "a cancel reaches everybody", f"{who} is live"
        return
    if event.created > scene.settled:
        return
    if held is None:
        yield "an accepted event reaches everybody", f"{who} is not known"
    elif held.event.order != event.order:
        detail = f"{who}: {held.event.order}, newest is {event.order}"
        yield "everybody knows the newest version", detail
    elif not held.is_live:
        yield "an accepted event is not lost", f"{who} is {held.status.value}"
    elif held.answer is None:
        yield "every event is answered", f"{who} has no answer"
    elif held.answer.opt is Opt.IN and held.answer.order != event.order:
        yield "every version is answered", f"{who}: answer to {held.answer.order}"
    elif part is None or part.answer != held.answer:
        yield "every answer arrives", f"{who}: {part and part.answer} is not {held.answer}"


def _gateway(party: str, book: Book, scene: Scene) -> Iterator[Finding]:
    """Compare what a gateway has committed above with what it dispatches below."""
    dispatches, parts = book.last(Dispatch), book.last(Part)
    below = {dispatch.upper: dispatch for dispatch in dispatches.values()}
    for key, held in book.last(Commitment).items():
        lower, who = below.get(key), f"{party}, {key[:8]}"
        if scene.now >= held.event.active.end or held.event.created > scene.settled:
            continue
        is_live_below = lower is not None and lower.event.status not in _ENDED
        if not held.is_live:
            if is_live_below:
                yield "a cancel cascades", f"{who} is live below"
            continue
        if held.answer is None or (held.answer.opt is Opt.OUT and lower is None):
            continue
        if lower is None or not is_live_below:
            yield "an event cascades", f"{who} is not live below"
            continue
        if lower.target_w != held.asked_w:
            detail = f"{who}: {held.asked_w} W above, {lower.target_w} W below"
            yield "targets agree across levels", detail
        promised = _promised(lower, parts)
        if held.answer.power_w != promised:
            detail = f"{who}: answered {held.answer.power_w} W, members promise {promised} W"
            yield "sums of answers agree across levels", detail


def _promised(dispatch: Dispatch, parts: Mapping[str, Part]) -> int:
    answers = [part.answer for part in parts.values() if part.event == dispatch.event.id]
    return sum(answer.power_w for answer in answers if answer and answer.opt is Opt.IN)


def _is_live(held: Commitment, scene: Scene) -> bool:
    return held.is_live and scene.now < held.event.active.end
