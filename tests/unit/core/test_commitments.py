import pytest

from xmpp_cem.core.commitments import Verdict, asked_power, basis_capability, judge, why_not
from xmpp_cem.core.records import Commitment, Confirmed, VenRecord
from xmpp_cem.messages.controls import IndexEntry
from xmpp_cem.model.event import Change, EventStatus, Targets
from xmpp_cem.model.resource import Capability, Resource
from xmpp_cem.model.signal import Delta, Level, Share
from xmpp_cem.testing.builders import NOW, at, capability, make_event, plain_digest, share_of

KNOWN = make_event(modification=3)


def record(*listed, epoch=1):
    entries = tuple(IndexEntry(event=e.id, order=e.order, digest=plain_digest(e)) for e in listed)
    return VenRecord(index_epoch=epoch, index_version=1, index=entries)


def commitment(event=KNOWN, status=EventStatus.FAR):
    return Commitment(
        event=event, digest=plain_digest(event), asked_w=-1000, revision=1, status=status
    )


def verdict(event, known=None, held=None, now=NOW, digest=None):
    return judge(held or record(), known, event, digest or plain_digest(event), now)


def test_a_new_event_is_taken():
    assert verdict(KNOWN) is Verdict.TAKE


@pytest.mark.parametrize(
    ("modification", "expected"),
    [(2, Verdict.STALE), (3, Verdict.SAME), (4, Verdict.TAKE)],
)
def test_versions_are_judged_by_modification(modification, expected):
    assert verdict(make_event(modification=modification), commitment()) is expected


def test_a_higher_epoch_wins_over_a_higher_modification():
    assert verdict(make_event(modification=0, epoch=2), commitment()) is Verdict.TAKE


def test_the_same_version_with_another_content_is_a_conflict():
    other = make_event(modification=3, signal=Delta(power_w=-9))
    assert verdict(other, commitment()) is Verdict.CONFLICT


def test_a_cancel_is_a_version_like_any_other():
    assert verdict(make_event(modification=4, status=EventStatus.CANCELLED)) is Verdict.CANCEL
    old = make_event(modification=2, status=EventStatus.CANCELLED)
    assert verdict(old, commitment()) is Verdict.STALE


def test_a_cancelled_event_cannot_be_revived():
    tombstone = commitment(status=EventStatus.CANCELLED)
    assert verdict(make_event(modification=9), tombstone) is Verdict.STALE


def test_an_event_that_is_over_is_late():
    assert verdict(KNOWN, now=at(80)) is Verdict.LATE
    assert verdict(KNOWN, now=at(79)) is Verdict.TAKE


def test_without_an_index_nothing_is_believed():
    assert verdict(KNOWN, held=VenRecord()) is Verdict.UNLISTED


def test_an_item_of_an_older_epoch_counts_only_if_the_index_lists_it():
    assert verdict(KNOWN, held=record(epoch=5)) is Verdict.UNLISTED
    assert verdict(KNOWN, held=record(KNOWN, epoch=5)) is Verdict.TAKE


def test_a_share_refers_to_the_capability_confirmed_last_before_its_basis():
    confirmed = tuple(
        Confirmed(capability=capability(1000 * n, revision=n), at=at(n)) for n in (1, 2, 3)
    )
    event = make_event(signal=share_of("0.5", basis=at(2.5)))
    found = basis_capability(confirmed, event)
    assert found is not None
    assert found.revision == 2
    assert asked_power(event, found) == -1000
    assert basis_capability(confirmed, make_event(signal=share_of("0.5", basis=at(0)))) is None


def test_an_increase_is_asked_of_the_capability_to_rise():
    rising = Share(direction="increase", multiplier="0.5", basis=NOW)
    assert asked_power(make_event(signal=rising), capability()) == 0


CASCADES = frozenset({"delta", "multiplier"})
TWO = Capability(
    revision=1,
    at=NOW,
    resources=(
        Resource(id="ev-1", kind="ev", power_w=7000, decrease_w=7000),
        Resource(id="hp-1", kind="heat-pump", power_w=2000, decrease_w=1500),
    ),
)


@pytest.mark.parametrize(
    ("targets", "asked_w"),
    [
        (Targets(), -4250),
        (Targets(resources=("hp-1",)), -750),
        (Targets(kinds=("ev",)), -3500),
        (Targets(resources=("hp-1",), kinds=("ev",)), -4250),
    ],
)
def test_a_share_is_of_the_resources_that_are_meant(targets, asked_w):
    event = make_event(signal=share_of("0.5"), targets=targets)
    assert asked_power(event, TWO) == asked_w
    assert why_not(event, TWO, CASCADES) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"signal": Level(level=1)}, "does not follow level signals"),
        ({"changes": (Change(start=at(30), signal=Delta(power_w=-1)),)}, "changes within"),
        ({"targets": Targets(kinds=("battery",))}, "no resource of this party"),
    ],
)
def test_what_a_party_cannot_follow_has_a_reason(changes, why):
    assert why in why_not(make_event(**changes), TWO, CASCADES)
