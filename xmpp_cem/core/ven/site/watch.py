"""What a VEN has last seen of VTN, server, state and clock, and the failsafe mode that follows.

Durations are the sum of what passes between looks. A jump of the clock, or a time without looks,
counts towards a loss and never towards lifting a limit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import Field

from xmpp_cem.core.ven.site.failsafe import HELD, FailsafeSettings, Mode, Sign, turn
from xmpp_cem.model.time import Instant
from xmpp_cem.model.value import Value

_LONGEST_LOOK = timedelta(seconds=60)
_NO_FLOOR = datetime(1970, 1, 1, tzinfo=UTC)


class Watch(Value):
    """All that the failsafe depends on, by the party's own clock.

    Args:
        mode: the mode.
        since: when it was entered, moved along with the clock where that jumps.
        started: when the program started, likewise.
        looked_at: the last look.
        delay_s: random delay after a power cut, seconds; 0 where there was none.
        floor: the latest time that a VTN has confirmed; a clock below it is wrong. Kept.
        index_at: when the last valid index came whose time agrees with ours; unknown anew each time
            that a held mode begins.
        state_at: when our state was last found to be what the newest index lists; likewise.
        is_current: whether our state was compared with the newest index, and not only with one
            before it.
        link_at: when there was last a connection.
        is_up: whether there is one.
    """

    mode: Mode = Mode.BOOT
    since: Instant
    started: Instant
    looked_at: Instant
    delay_s: int = Field(default=0, ge=0, le=1800)
    floor: Instant
    index_at: Instant | None = None
    state_at: Instant | None = None
    is_current: bool = False
    link_at: Instant | None = None
    is_up: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of mode, for the log and for whoever is told."""

    before: Mode
    after: Mode
    sign: Sign
    why: str


def start(
    settings: FailsafeSettings, now: datetime, floor: datetime | None = None, delay_s: int = 0
) -> Watch:
    """Return what is known right after a start: nothing.

    Args:
        settings: of the failsafe.
        now: by our clock, which may be wrong.
        floor: the time floor kept from before, None at the first start.
        delay_s: drawn at random by the caller after a power cut, else 0; bounded by the settings.
    """
    return Watch(
        since=now,
        started=now,
        looked_at=now,
        delay_s=max(0, min(delay_s, settings.longest_delay_s)),
        floor=floor or _NO_FLOOR,
    )


def saw_index(watch: Watch, settings: FailsafeSettings, made: datetime, now: datetime) -> Watch:
    """Take note of a valid index, made at `made` by the VTN's clock; also of a mere heartbeat.

    One whose time differs from ours by more than the skew does not count: it is a replay, has been
    on its way for too long, or one of the clocks is wrong.
    """
    if abs(now - made) > timedelta(seconds=settings.skew_s) or not is_clock_good(watch, now):
        return watch
    confirmed = max(watch.floor, min(made, now))
    seen = {"index_at": now, "floor": confirmed, "is_current": False}
    return watch.model_copy(update=seen)


def saw_state(watch: Watch, now: datetime) -> Watch:
    """Take note that every event the newest index lists is known here with its digest."""
    seen = {"state_at": now, "is_current": watch.index_at is not None}
    return watch.model_copy(update=seen)


def saw_link(watch: Watch, now: datetime, *, is_up: bool) -> Watch:
    """Take note that the connection to the server has come or gone."""
    return watch.model_copy(update={"is_up": is_up, "link_at": now})


def is_clock_good(watch: Watch, now: datetime) -> bool:
    """Whether the clock is not below the time floor."""
    return now >= watch.floor


def look(
    watch: Watch, settings: FailsafeSettings, now: datetime, *, is_limited: bool
) -> tuple[Watch, tuple[Changed, ...]]:
    """Return the watch with the mode that is right now, and the changes that led to it.

    To be called at every tick, at least once a minute, and after every sight.

    Args:
        watch: what was seen.
        settings: of the failsafe.
        now: by our clock.
        is_limited: whether a limit of events is in force now.
    """
    watch = _carried(watch, now)
    changes: list[Changed] = []
    while sign := _moving(watch, _signs(watch, settings, now, is_limited=is_limited)):
        made = turn(watch.mode, sign)
        changes.append(Changed(watch.mode, made.to, sign, made.why or sign.value))
        update: dict[str, object] = {"mode": made.to, "since": now}
        if made.to in HELD:
            update |= {"index_at": None, "state_at": None, "is_current": False}
        watch = watch.model_copy(update=update)
    return watch, tuple(changes)


def why_held(watch: Watch, settings: FailsafeSettings, now: datetime) -> str:
    """Return for people why a VEN still holds its own limit; empty when it holds none."""
    if watch.mode not in HELD:
        return ""
    signs = _signs(watch, settings, now, is_limited=False)
    reasons = [made.why for sign in signs if (made := turn(watch.mode, sign)).is_refused]
    if Sign.CLOCK_LOST in signs:
        return f"{Sign.CLOCK_LOST}: {turn(watch.mode, Sign.CLOCK_LOST).why}"
    return reasons[0] if reasons else "no valid index has come since"


def _carried(watch: Watch, now: datetime) -> Watch:
    """Move what durations count from along with a jump; nothing was seen in the future."""
    gap = now - watch.looked_at
    shift = timedelta(0) if timedelta(0) <= gap <= _LONGEST_LOOK else gap
    seen = {
        name: min(at, now)
        for name in ("index_at", "state_at", "link_at")
        if (at := getattr(watch, name)) is not None
    }
    moved = {"since": watch.since + shift, "started": watch.started + shift, "looked_at": now}
    return watch.model_copy(update={**seen, **moved})


def _moving(watch: Watch, signs: list[Sign]) -> Sign | None:
    """Return the sign that changes the mode, the gravest first; None when it is right."""
    return next((sign for sign in signs if turn(watch.mode, sign).to is not watch.mode), None)


def _signs(
    watch: Watch, settings: FailsafeSettings, now: datetime, *, is_limited: bool
) -> list[Sign]:
    return [*_losses(watch, settings, now), *_returns(watch, settings, now, is_limited)]


def _losses(watch: Watch, settings: FailsafeSettings, now: datetime) -> list[Sign]:
    signs = []
    if not is_clock_good(watch, now):
        signs.append(Sign.CLOCK_LOST)
    if _past(now, watch.index_at or watch.started) > settings.vtn_lost_s:
        signs.append(Sign.VTN_LOST)
    if not watch.is_up and _past(now, watch.link_at or watch.started) > settings.server_lost_s:
        signs.append(Sign.SERVER_LOST)
    if _past(now, watch.state_at or watch.started) > settings.state_lost_s:
        signs.append(Sign.STATE_LOST)
    return signs


def _returns(
    watch: Watch, settings: FailsafeSettings, now: datetime, is_limited: bool
) -> list[Sign]:
    if not is_clock_good(watch, now):
        return []
    if watch.mode not in HELD:
        return [Sign.LIMIT_BEGINS if is_limited else Sign.LIMIT_ENDS]
    signs = []
    if _is_fresh(watch, settings, now):
        is_early = _past(now, watch.started) < watch.delay_s
        fresh = Sign.FRESH_LIMITED if is_limited else Sign.FRESH_FREE
        signs.append(Sign.EARLY if is_early else fresh)
    elif watch.index_at is not None:
        signs.append(Sign.HEARTBEAT)
    lasts_s = _past(now, watch.since)
    if watch.mode is Mode.FAILSAFE and settings.autonomy and lasts_s >= settings.autonomy.after_s:
        signs.append(Sign.LONG_ENOUGH)
    return signs


def _is_fresh(watch: Watch, settings: FailsafeSettings, now: datetime) -> bool:
    """Whether both index and state came since the mode began, the state after the index."""
    if not (watch.is_up and watch.is_current and watch.index_at and watch.state_at):
        return False
    is_index_recent = _past(now, watch.index_at) <= settings.vtn_lost_s
    return is_index_recent and _past(now, watch.state_at) <= settings.state_lost_s


def _past(now: datetime, then: datetime) -> float:
    return (now - then).total_seconds()
