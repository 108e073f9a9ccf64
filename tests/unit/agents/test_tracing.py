from datetime import UTC, datetime, timedelta

import pytest

from xmpp_cem.agents.tracing import Told, trace
from xmpp_cem.core.vtn.dispatch.individual import share_id
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import EventStatus, Order
from xmpp_cem.model.ids import derived_id, lower_event_id
from xmpp_cem.model.time import Interval

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TOP = derived_id("top")
MIDDLE = lower_event_id(TOP, "agg-sites")
BOTTOM = lower_event_id(MIDDLE, "street")
OTHER = lower_event_id(TOP, "other-sites")


def told(party, domain, event, upper=None, members=()):
    shares = tuple(
        MemberShare(party=m, availability=Availability.AVAILABLE, asked_w=-1000) for m in members
    )
    record = DispatchRecord(
        domain=domain,
        event=event,
        upper=upper,
        order=Order(epoch=1, modification=0),
        status=EventStatus.ACTIVE,
        active=Interval(start=NOON, end=NOON + timedelta(hours=1)),
        target_w=-2000,
        promised_w=-2000,
        shares=shares,
    )
    return Told(party, record)


KNOWN = {
    ("grid", TOP): told("grid", "grid", TOP, members=("agg", "other")),
    ("agg-sites", MIDDLE): told("agg", "agg-sites", MIDDLE, TOP, ("street-box", "site-2")),
    ("street", BOTTOM): told("street-box", "street", BOTTOM, MIDDLE, ("site-1",)),
    ("other-sites", OTHER): told("other", "other-sites", OTHER, TOP),
}
DOMAINS = ("street", "agg-sites", "grid", "other-sites")


async def ask(domain, event):
    return KNOWN.get((domain, event))


def shape(branch):
    return branch.told.record.domain, [shape(each) for each in branch.below]


WHOLE = ("grid", [("agg-sites", [("street", [])]), ("other-sites", [])])


@pytest.mark.parametrize("event", [TOP, MIDDLE, BOTTOM, OTHER])
async def test_the_whole_tree_is_found_from_any_level(event):
    found = await trace(event, DOMAINS, ask)
    assert shape(found.root) == WHOLE


async def test_where_one_may_not_ask_the_rest_is_shown_with_the_reason():
    async def partly(domain, event):
        return "not allowed" if domain == "grid" else KNOWN.get((domain, event))

    found = await trace(BOTTOM, DOMAINS, partly)
    assert shape(found.root) == ("agg-sites", [("street", [])])
    assert found.silent == {"grid": "not allowed"}


async def test_an_event_that_nobody_knows_has_no_tree():
    assert (await trace(derived_id("never"), DOMAINS, ask)).root is None


async def test_individual_shares_lead_down_and_up():
    share = share_id(TOP, "agg")
    lower = lower_event_id(share, "agg-sites")
    known = {
        ("grid", TOP): told("grid", "grid", TOP, members=("other", "agg")),
        ("grid", share): told("grid", "grid", TOP, members=("other", "agg")),
        ("agg-sites", lower): told("agg", "agg-sites", lower, share),
    }

    async def of_shares(domain, event):
        return known.get((domain, event))

    for event in (TOP, lower):
        found = await trace(event, ("agg-sites", "grid"), of_shares)
        assert shape(found.root) == ("grid", [("agg-sites", [])])
