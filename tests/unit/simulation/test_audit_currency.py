"""Which moments are calm enough to ask whether a member knows everything."""

from datetime import timedelta

import pytest

from xmpp_cem.core.records import Dispatch
from xmpp_cem.model.event import EventStatus
from xmpp_cem.model.time import Interval
from xmpp_cem.simulation.audit_currency import WITHIN, _calm_moments, _is_dead, _known
from xmpp_cem.simulation.books import Book, Written
from xmpp_cem.simulation.evidence import Linked, Lived
from xmpp_cem.simulation.findings import Scene
from xmpp_cem.simulation.loop import START
from xmpp_cem.simulation.server import SERVER
from xmpp_cem.testing.builders import make_event

MEMBER, VTN = "a@x", "vtn@x"


def at(seconds):
    return START + timedelta(seconds=seconds)


LINKS = [Linked(1, at(0), VTN, is_up=True), Linked(2, at(8), MEMBER, is_up=True)]


@pytest.mark.parametrize(
    ("seconds", "scope", "is_calm"),
    [
        (8, MEMBER, True),
        (7, MEMBER, True),
        (8.1, MEMBER, False),
        (7, VTN, False),
        (7, SERVER, False),
        (10, SERVER, False),
        (9 + WITHIN.total_seconds() + 1, MEMBER, True),
    ],
)
def test_what_met_a_member_before_it_came_back_is_made_good_by_its_catch_up(
    seconds, scope, is_calm
):
    written = Written(3, at(9), None)
    found = list(_calm_moments(written, (MEMBER, VTN), LINKS, [(at(seconds), scope)]))
    assert found == ([at(9)] if is_calm else [])


@pytest.mark.parametrize(
    ("lives", "is_calm"),
    [
        ([(0, "a", True), (0, "vtn", True)], True),
        ([(0, "a", True), (0, "vtn", True), (7, "vtn", False)], False),
        ([(0, "a", True), (0, "vtn", True), (7, "vtn", False), (8, "vtn", True)], True),
        ([(0, "a", True), (0, "vtn", True), (10, "a", False)], False),
        ([(0, "a", True), (0, "vtn", True), (9 + 6, "a", False)], True),
    ],
)
def test_nobody_who_is_dead_has_to_know_what_a_server_takes_him_to_be_told(lives, is_calm):
    lived = [Lived(n, at(seconds), who, is_up) for n, (seconds, who, is_up) in enumerate(lives)]
    assert _is_dead(lived, at(9)) is not is_calm


@pytest.mark.parametrize(("cancelled_after_s", "is_missed"), [(0.1, False), (6, True), (20, True)])
def test_nobody_has_to_know_what_was_cancelled_before_it_had_to_be_known(
    cancelled_after_s, is_missed
):
    active = Interval(start=at(30), end=at(90))
    created = make_event(active=active)
    cancelled = make_event(active=active, modification=1, status=EventStatus.CANCELLED)
    versions = [
        Written(1, at(9), Dispatch(event=created, target_w=-1500)),
        Written(2, at(9 + cancelled_after_s), Dispatch(event=cancelled, target_w=-1500)),
    ]
    now = timedelta()
    scene = Scene({}, {}, (), {}, (), calm=at(8), now=at(60), patience=now, control_every=now)
    found = list(_known(Book(), versions, at(9), scene, "a"))
    assert bool(found) is is_missed
