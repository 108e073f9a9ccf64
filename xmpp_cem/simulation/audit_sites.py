"""Whether devices did what was answered, once, and nothing that was taken back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.life.life import State
from xmpp_cem.core.overriding import OVERRIDE
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.event import Order
from xmpp_cem.simulation.books import Book
from xmpp_cem.simulation.evidence import Applied, Asked, Evidence
from xmpp_cem.simulation.findings import Finding, Scene

_LAG = timedelta(seconds=0.1)
"""A disk may take this long between what is decided and what is done."""

_Effect = tuple[str, Order, int]


def decisions(evidence: Evidence, books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """A customer's program is asked once for each version, again only after a crash or override."""
    seen: set[tuple[str, int, str, Order]] = set()
    promise = "a version is decided upon once"
    for asked in evidence.asked:
        if asked.site in scene.restored:
            continue
        key = asked.site, asked.life, asked.event, asked.order
        held = books[asked.site].as_of(Commitment, asked.number)
        answers = [each.answer for each in held if each.event.id == asked.event and each.answer]
        if any(each.reason.startswith(OVERRIDE) for each in answers):
            continue  # the customer's hand has answered, and is off
        if key in seen:
            yield promise, f"{asked.site} was asked twice for {asked.event[:8]} {asked.order}"
        seen.add(key)
        if any(each.order == asked.order for each in answers) and _had_answered(
            books[asked.site], asked
        ):
            yield promise, f"{asked.site} was asked after it had answered {asked.event[:8]}"


def _had_answered(book: Book, asked: Asked) -> bool:
    """Whether an answer was there for longer than a disk takes: silence may have given one since.

    A program that is asked in the instant of its deadline may still say otherwise, like a slow one.
    """
    return any(
        written.number < asked.number and asked.at - written.at > _LAG
        for written in book.versions["commitment", asked.event]
        if isinstance(written.record, Commitment)
        and written.record.answer
        and written.record.answer.order == asked.order
    )


def set_points(evidence: Evidence, books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """Every set point follows from what the store held; each promise moves power once."""
    by_site: dict[str, list[Applied]] = defaultdict(list)
    for applied in evidence.applied:
        by_site[applied.site].append(applied)
    for site in scene.sites:
        last = by_site[site][-1].at if by_site[site] else scene.calm
        if scene.now - last > 3 * scene.control_every:
            yield "a site keeps controlling", f"{site} has not since {last:%H:%M:%S}"
        if site not in scene.restored:
            yield from _followed(site, by_site[site], books)


def drawn_once(books: Mapping[str, Book], scene: Scene) -> Iterator[Finding]:
    """By how much a site puts an event off is drawn once and kept, whatever dies."""
    for site in scene.sites:
        if site not in books or site in scene.restored:
            continue
        for key, versions in books[site].all(Commitment).items():
            drawn = [version.offsets for version in versions if version.offsets is not None]
            if len(set(drawn)) > 1:
                yield "a randomised start is drawn once", f"{site}, {key[:8]}: {drawn}"


def _followed(
    site: str, all_applied: list[Applied], books: Mapping[str, Book]
) -> Iterator[Finding]:
    powers: dict[_Effect, set[int]] = defaultdict(set)
    before: int | None = None
    for applied in all_applied:
        wanted = list(_wanted(books[site], applied))
        told = [power for power, _ in wanted]
        goes_on = applied.power_w == before and _is_holding(books[site], applied)
        if applied.power_w not in told and not goes_on:
            yield "a device does what was committed", f"{site} set {applied.power_w} W, not {told}"
        before = applied.power_w
        power_w, effect = wanted[0]
        if effect and applied.power_w is not None and applied.power_w == power_w:
            powers[effect].add(power_w)
    for (event, order, _), seen in powers.items():
        if len(seen) > 1:
            yield "a promise moves power once", f"{site}, {event[:8]} {order}: {sorted(seen)} W"


def _wanted(book: Book, applied: Applied) -> Iterator[tuple[int | None, _Effect | None]]:
    """Yield what the store wanted at a set point, and what it had wanted shortly before."""
    recent = {
        written.number
        for (kind, _), versions in book.versions.items()
        if kind == "commitment"
        for written in versions
        if written.number < applied.number and applied.at - written.at <= _LAG
    }
    for number in (applied.number, *recent):
        for now in (applied.at, applied.at - _LAG):
            yield _desired(book.as_of(Commitment, number), now)


def _desired(held: Iterator[Commitment], now: datetime) -> tuple[int | None, _Effect | None]:
    """Return the power that follows from commitments: the first in rank moves it, or nobody.

    An event that asks for nothing of a site leaves its devices to the others.
    """
    moving = _moving(held, now)
    acting = _acting(moving, now) or _holding(moving, now)
    if not acting:
        return None, None
    first = min(acting, key=_rank)
    promised = first.answer.power_w if first.answer else 0
    limits, baselines = dict(first.limits), dict(first.baselines or ())
    for resource, baseline in baselines.items():
        share = min(abs(promised), limits.get(resource, 0))
        if share:
            power = baseline - share if promised < 0 else baseline + share
            return power, (first.event.id, first.event.order, promised)
    return None, None


def _is_holding(book: Book, applied: Applied) -> bool:
    """Whether a site goes on after an end: what it promised since its last look moves nothing."""
    moving = _moving(book.as_of(Commitment, applied.number), applied.at)
    return not _acting(moving, applied.at) and bool(_holding(moving, applied.at))


def _moving(held: Iterator[Commitment], now: datetime) -> list[Commitment]:
    """Return what moves power, or has."""
    return [
        commitment
        for commitment in held
        if commitment.status not in {State.CANCELLED, State.REFUSED}
        and commitment.answer is not None
        and commitment.answer.opt is Opt.IN
        and commitment.answer.power_w
        and _begins(commitment) <= now
    ]


def _acting(moving: list[Commitment], now: datetime) -> list[Commitment]:
    return [c for c in moving if c.is_live and now < c.event.active.end]


def _begins(commitment: Commitment) -> datetime:
    """Return when a site begins: put off by what it drew, but by half of what is left at most."""
    active, taken = commitment.event.active, commitment.taken or commitment.event.active.start
    start = max(active.start, taken)
    put_off = timedelta(seconds=commitment.offsets.start_s if commitment.offsets else 0)
    if start > active.start and active.end - start <= put_off:
        return start
    return start + min(put_off, (active.end - start) / 2)


def _holding(moving: list[Commitment], now: datetime) -> list[Commitment]:
    """Return the events that ended last, as long as their release is put off."""
    last = max((c.event.active.end for c in moving), default=now)
    return [
        c
        for c in moving
        if c.event.active.end == last
        and c.offsets is not None
        and now < last + timedelta(seconds=c.offsets.stop_s)
    ]


def _rank(commitment: Commitment) -> tuple[int, float, int, int, str]:
    """Return the place of an event among others: priority, then the newest, then the highest."""
    event, order = commitment.event, commitment.event.order
    age = -event.created.timestamp()
    return event.priority, age, -order.epoch, -order.modification, event.id
