"""Compares what was seen from outside with what was promised, after it has become quiet."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise

from xmpp_cem.core.life.life import State
from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.simulation.audit_currency import currency
from xmpp_cem.simulation.audit_domains import agreement, cascades, rest
from xmpp_cem.simulation.audit_readings import readings
from xmpp_cem.simulation.audit_sites import decisions, drawn_once, set_points
from xmpp_cem.simulation.books import Book, read_books
from xmpp_cem.simulation.evidence import Command, Evidence
from xmpp_cem.simulation.findings import Finding, Scene


def audit(evidence: Evidence, scene: Scene) -> Iterator[Finding]:
    """Yield every promise that was broken, and what shows it."""
    for death in evidence.deaths:
        yield "no input stops a party", death
    books = read_books(evidence)
    yield from _kept_before_said(evidence, books)
    yield from _one_answer(evidence, scene)
    yield from _orders(books, scene)
    if "grid" not in scene.restored:
        yield from _commands(evidence, books, scene)
    yield from decisions(evidence, books, scene)
    yield from set_points(evidence, books, scene)
    yield from drawn_once(books, scene)
    yield from cascades(books, scene)
    yield from rest(books, scene)
    yield from agreement(books, scene)
    yield from readings(books, scene)
    yield from currency(evidence, books, scene)
    yield from _nothing_waits(books, scene)


def _kept_before_said(evidence: Evidence, books: Mapping[str, Book]) -> Iterator[Finding]:
    promise = "what a party says, its store holds first"
    for said in evidence.said:
        if said.payload not in books[said.party].payloads:
            yield promise, f"{said.party} sent what it never committed"
    for answer in evidence.answered:
        if _is_once(answer.request) and answer.reply not in books[answer.party].replies:
            yield promise, f"{answer.party} answered {answer.sender} and never committed it"


def _one_answer(evidence: Evidence, scene: Scene) -> Iterator[Finding]:
    given: dict[tuple[str, str, bytes], set[bytes]] = defaultdict(set)
    for answer in evidence.answered:
        if _is_once(answer.request) and answer.party not in scene.restored:
            given[answer.party, answer.sender, answer.request].add(answer.reply)
    for (party, sender, _), replies in given.items():
        if len(replies) > 1:
            detail = f"{party} gave {sender} {len(replies)} different answers to one request"
            yield "a repeated request gets the stored answer", detail


def _is_once(request: bytes) -> bool:
    """Whether the answer is kept: readings count once by their window, and need none."""
    return b"<Noun>MeterReadings</Noun>" not in request


def _orders(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """No older modification overrides a newer one, and what has ended, but for a no, is over.

    What a VTN has forgotten and makes again lives again with its members.
    """
    for party, book in books.items():
        if party in scene.restored:
            continue
        is_again = scene.is_below_restored(party)
        for key, versions in book.all(Commitment).items():
            for before, after in pairwise(versions):
                if after.event.order < before.event.order:
                    detail = f"{party}, {key[:8]}: {after.event.order} after {before.event.order}"
                    yield "an older version never overrides a newer one", detail
                was_over = not before.is_live and before.status is not State.REFUSED
                if after.is_live and was_over and not is_again:
                    yield "what has ended stays ended", f"{party}, {key[:8]}"


def _commands(evidence: Evidence, books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """What an operator was told is what happened, and it was told."""
    dispatches = books["grid"].last(Dispatch) if "grid" in books else {}
    for command in evidence.commands:
        dispatch = dispatches.get(command.event)
        what = f"{command.verb} {command.event[:8]}"
        if not command.result and min(command.until, scene.now) > scene.answered:
            yield "every command is answered", what
        if command.result in {"OK", "PARTIAL"} and dispatch is None:
            yield "an accepted command is kept", f"{what} was accepted and is not known"
        elif command.verb == "create" and dispatch is not None:
            if command.result == "FAILED":
                yield "a refused command does nothing", f"{what} was refused {command.codes}"
            if dispatch.target_w not in _targets(evidence, command):
                yield "an accepted command is kept", f"{what} has {dispatch.target_w} W"
        elif _is_cancelled(command) and dispatch is not None and dispatch.event.status == "far":
            yield "an accepted command is kept", f"{what} was accepted, but the event lives"


def _is_cancelled(command: Command) -> bool:
    return command.verb == "cancel" and command.result == "OK"


def _targets(evidence: Evidence, created: Command) -> set[int]:
    """Return what an event may ask for, W: what was accepted last, or was never answered."""
    allowed = {created.target_w}
    for command in evidence.commands:
        if command.verb != "change" or command.event != created.event:
            continue
        if command.result in {"OK", "PARTIAL"}:
            allowed = {command.target_w}
        elif not command.result:
            allowed.add(command.target_w)
    return allowed


def _nothing_waits(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    for party, book in books.items():
        for entry, (since, expires) in book.outbox.items():
            if since < scene.settled and scene.now < expires:
                seconds = (scene.now - since).total_seconds()
                detail = f"{party} has {entry[:8]} in its outbox for {seconds:.1f} s"
                yield "what was committed arrives", detail
