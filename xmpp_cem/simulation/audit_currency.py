"""Whether whoever was connected and undisturbed for some seconds knew everything."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.records import Commitment, Dispatch
from xmpp_cem.model.event import EventStatus
from xmpp_cem.simulation.books import Book, Written
from xmpp_cem.simulation.evidence import Evidence, Linked, Lived
from xmpp_cem.simulation.findings import Finding, Scene
from xmpp_cem.simulation.server import SERVER

WITHIN = timedelta(seconds=5)
"""Sooner than the next heartbeat of the index could repair what a catch-up has missed."""

_PROMISE = "whoever is connected knows the newest version within seconds"


def currency(evidence: Evidence, books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """Compare a VTN's versions with what its members knew some seconds after both were there."""
    for member, upper in scene.uppers.items():
        is_forgotten = not scene.restored.isdisjoint((member, upper))
        if is_forgotten or upper not in books or member not in books:
            continue
        pair = scene.accounts[member][0], scene.accounts[upper][-1]
        links = [link for link in evidence.links if link.account in pair]
        trouble = [(at, scope) for at, scope in scene.disturbed if scope in (*pair, SERVER)]
        lives = [lived for lived in evidence.lives if lived.party in {member, upper}]
        for versions in books[upper].all_written(Dispatch):
            for written in versions:
                for since in _calm_moments(written, pair, links, trouble):
                    if _is_dead(lives, since):
                        continue
                    yield from _known(books[member], versions, since, scene, member)


def _calm_moments(
    written: Written,
    pair: tuple[str, str],
    links: list[Linked],
    trouble: list[tuple[datetime, str]],
) -> Iterator[datetime]:
    """Yield when a version was there and both were, with nothing going wrong until the check."""
    starts = [written.at, *(link.at for link in links if link.is_up and link.at > written.at)]
    for start in starts:
        until = start + WITHIN
        states = {link.account: link for link in links if link.at <= start}
        is_up = all(account in states and states[account].is_up for account in pair)
        if not is_up or any(start < link.at <= until for link in links):
            continue
        # What has met an account before it came back is made good by its catch-up.
        since = {account: states[account].at for account in pair}
        first = min(since.values())
        if not any(since.get(scope, first) < at <= until for at, scope in trouble):
            yield start


def _is_dead(lives: list[Lived], start: datetime) -> bool:
    """Whether one of two parties was not running then, or ended soon: a server may not notice."""
    is_up = {lived.party: lived.is_up for lived in lives if lived.at <= start}
    return not all(is_up.values()) or any(
        start < lived.at <= start + WITHIN and not lived.is_up for lived in lives
    )


def _known(
    book: Book, versions: list[Written], since: datetime, scene: Scene, member: str
) -> Iterator[Finding]:
    check = since + WITHIN
    newest = [w.record for w in versions if w.at <= since][-1]
    present = [w.record for w in versions if w.at <= check][-1]
    if not isinstance(newest, Dispatch) or not isinstance(present, Dispatch) or check > scene.now:
        return
    event = newest.event
    # Who has not heard of an event before it is cancelled has nothing to do any more.
    if check >= event.active.end or present.event.status is EventStatus.CANCELLED:
        return
    held = [
        record
        for versions_held in book.all_written(Commitment)
        for record in [w.record for w in versions_held if w.at <= check][-1:]
        if isinstance(record, Commitment) and record.event.id == event.id
    ]
    if not held or held[0].newest < event.order:
        seconds = (since - scene.calm).total_seconds()
        what = f"{member}, {event.id[:8]} {event.order}"
        yield _PROMISE, f"{what} is not known {WITHIN.total_seconds()} s after {seconds:+.1f} s"
