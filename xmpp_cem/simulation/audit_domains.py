"""Whether upper and lower domains agree: events, answers, targets and sums."""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid5

from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment, Dispatch, Part
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import EventStatus
from xmpp_cem.simulation.books import Book
from xmpp_cem.simulation.findings import Finding, Scene

_FEW = 20

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


def rest(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """In a long quiet no VTN goes on dividing an event anew without end.

    Some divisions belong to it: who delivers too little is asked for less, and tried again.
    """
    most = max(_FEW, int(scene.patience.total_seconds()) // 3)
    for party, book in books.items():
        for written in book.all_written(Dispatch):
            late = [w.record for w in written[-1:0:-1] if w.at >= scene.settled]
            orders = {record.event.order for record in late if isinstance(record, Dispatch)}
            if len(orders) > most:
                detail = f"{party}, {written[-1].record.key[:8]}: {len(orders)} versions at the end"
                yield "divisions come to rest", detail


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
    elif event.created <= scene.settled:
        flaw = _flaw_of_event(dispatch, held)
        if flaw is None and held is not None:
            flaw = _flaw_of_answer(dispatch, held, part)
        if flaw:
            yield flaw[0], f"{who} {flaw[1]}"


def _flaw_of_event(dispatch: Dispatch, held: Commitment | None) -> Finding | None:
    order = dispatch.event.order
    if held is None:
        return "an accepted event reaches everybody", "is not known"
    if held.newest != order:
        detail = f"is known as {held.newest}, newest is {order}"
        return "everybody knows the newest version", detail
    if held.declined is not None:
        return None  # it was over there when it was put off, which its VTN is to know
    if not held.is_live and held.status is not State.REFUSED:
        return "an accepted event is not lost", f"is {held.status.value}"
    return None


def _flaw_of_answer(dispatch: Dispatch, held: Commitment, part: Part | None) -> Finding | None:
    answer = held.said
    if answer is None:
        return "every event is answered", "has no answer"
    if answer.opt is Opt.IN and answer.order != dispatch.event.order:
        return "every version is answered", f"has an answer to {answer.order}"
    if part is None or part.answer != answer:
        return "every answer arrives", f"has {answer}, its VTN {part and part.answer}"
    return None


def _gateway(party: str, book: Book, scene: Scene) -> Iterator[Finding]:
    """Compare what a gateway has committed above with what it dispatches below."""
    parts = list(book.last(Part).values())
    below = {dispatch.upper: dispatch for dispatch in book.last(Dispatch).values()}
    for key, held in book.last(Commitment).items():
        if scene.now < held.event.active.end and held.event.created <= scene.settled:
            for promise, detail in _levels(held, below.get(key), parts):
                yield promise, f"{party}, {key[:8]} {detail}"


def _levels(held: Commitment, lower: Dispatch | None, parts: list[Part]) -> Iterator[Finding]:
    answer = held.answer
    is_live_below = lower is not None and lower.event.status not in _ENDED
    if not held.is_live:
        # A refusal can be taken back, so that members go on to be asked.
        if is_live_below and held.status is not State.REFUSED:
            yield "a cancel cascades", "is live below"
        return
    if answer is None or (answer.opt is Opt.OUT and lower is None):
        return
    if lower is None or not is_live_below:
        yield "an event cascades", "is not live below"
        return
    if lower.target_w != held.asked_w:
        yield "targets agree across levels", f"{held.asked_w} W above, {lower.target_w} W below"
    promised = sum(_counted_w(lower, part) for part in parts if part.event == lower.event.id)
    if answer.power_w != promised:
        detail = f"answered {answer.power_w} W, members promise {promised} W"
        yield "sums of answers agree across levels", detail


def _counted_w(lower: Dispatch, part: Part) -> int:
    """Return what a member is counted on for, W, signed: its promise, or what it was seen to do.

    An older yes, to a version that asked for more, counts up to what is asked now.
    """
    answer = part.answer
    if answer is None or answer.opt is Opt.OUT:
        return 0
    most = abs(answer.power_w)
    if part.conduct.strikes:
        most = min(most, part.limit_w)
    if answer.order != (part.order or lower.event.order):
        most = min(most, abs(part.asked_w))
    return -most if answer.power_w < 0 else most


def _is_live(held: Commitment, scene: Scene) -> bool:
    return held.is_live and scene.now < held.event.active.end
