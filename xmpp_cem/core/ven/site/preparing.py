"""What is fixed when an event begins to act: baselines, limits of the resources, their shares."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from xmpp_cem.core.allocation import pro_rata
from xmpp_cem.core.life.life import State
from xmpp_cem.core.life.spread import Acting, Offsets, Spread, acting, offsets
from xmpp_cem.core.readings.sampling import Sampling
from xmpp_cem.core.records import Commitment
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.control import able_w
from xmpp_cem.model.event import Mode
from xmpp_cem.model.ids import PartyId, ResourceId
from xmpp_cem.model.signal import Level, Limit, Price, TargetPower


def moves_power(commitment: Commitment) -> bool:
    """Whether a commitment may move power: taken part in, and no mere test of communication.

    A mandatory limit takes no opt-out.
    """
    event, answer = commitment.event, commitment.answer
    if event.mode is Mode.COMMS or commitment.status is State.CANCELLED:
        return False
    is_mandatory = isinstance(event.signal, Limit) and event.signal.is_mandatory
    return is_mandatory or (answer is not None and answer.opt is Opt.IN)


def drawn(commitment: Commitment, seed: str, party: PartyId, now: datetime) -> Commitment:
    """Return a commitment with the offsets of its randomised start and stop, drawn once.

    A later version that allows less keeps them as far as it allows.
    """
    event = commitment.event
    most_s = event.randomise_s or 0  # its VTN has resolved what it usually allows
    spread = Spread(start_s=most_s, stop_s=most_s)
    taken = commitment.taken or now
    kept = commitment.offsets
    made = offsets(seed.encode(), event.id, party, spread, kept, is_emergency=event.priority == 0)
    if (made, taken) == (kept, commitment.taken):
        return commitment
    return commitment.model_copy(update={"offsets": made, "taken": taken})


def window_of(commitment: Commitment) -> Acting | None:
    """Return when a commitment acts here and when its power is released; None for never."""
    active, taken = commitment.event.active, commitment.taken or commitment.event.active.start
    if taken >= active.end:
        return None
    return acting(active, commitment.offsets or Offsets(), taken)


def prepared(
    commitment: Commitment,
    sampling: Sampling,
    over: timedelta,
    known: Mapping[ResourceId, int] | None = None,
) -> Commitment:
    """Fix baselines at the start, once, and divide what was promised over the resources.

    Right after a restart, before the devices have been read, nothing can be fixed yet.

    Args:
        commitment: one that acts now.
        sampling: what the devices did.
        over: how long before the start the baseline is taken.
        known: baselines of resources that another event moves already, for those that have not
            been read before it since a restart.
    """
    if not sampling.latest or isinstance(commitment.event.signal, Price | Level):
        return commitment
    start = commitment.event.active.start
    baselines = commitment.baselines
    if baselines is None:
        found = {s.resource: sampling.baseline(s.resource, start, over) for s in sampling.latest}
        whole = {r: w if w is not None else (known or {}).get(r) for r, w in found.items()}
        baselines = tuple((resource, w) for resource, w in whole.items() if w is not None)
    change_w = _change_w(commitment, dict(baselines))
    limits = _fixed(commitment, sampling, is_fall=change_w < 0)
    out = {s.resource for s in sampling.latest if s.is_faulty}
    out |= set(commitment.taken_back)
    shares = pro_rata(abs(change_w), {r: w for r, w in limits if r not in out})
    signed = {r: -w if change_w < 0 else w for r, w in shares.items()}
    update: dict[str, object] = {
        "baselines": baselines,
        "limits": limits,
        "shares": tuple(signed.items()),
    }
    if isinstance(commitment.event.signal, TargetPower) and not commitment.rooms:
        rises = dict(_limits(commitment, sampling, is_fall=False))
        falls = _limits(commitment, sampling, is_fall=True)
        update["rooms"] = tuple((resource, fall_w, rises[resource]) for resource, fall_w in falls)
    return commitment.model_copy(update=update)


def _change_w(commitment: Commitment, baselines: Mapping[ResourceId, int]) -> int:
    """Return by how much all resources together are to change, W, signed."""
    signal, answer = commitment.event.signal, commitment.answer
    promised_w = answer.power_w if answer else 0
    if not isinstance(signal, TargetPower):
        return promised_w
    is_whole = promised_w == commitment.asked_w
    return signal.power_w - sum(baselines.values()) if is_whole else promised_w


def _fixed(
    commitment: Commitment, sampling: Sampling, *, is_fall: bool
) -> tuple[tuple[ResourceId, int], ...]:
    """Return the limits that were fixed at the start, and those of what was not able then."""
    known = dict(commitment.limits)
    now = dict(_limits(commitment, sampling, is_fall=is_fall))
    left = commitment.resources
    both = {**now, **known}
    return tuple((r, w) for r, w in both.items() if left is None or r in left)


def _limits(
    commitment: Commitment, sampling: Sampling, *, is_fall: bool
) -> tuple[tuple[ResourceId, int], ...]:
    return tuple(
        (s.resource, able_w(s, commitment.event.active, is_fall=is_fall))
        for s in sampling.latest
        if commitment.means(s.resource, s.kind) and not s.is_overridden and not s.is_faulty
    )
