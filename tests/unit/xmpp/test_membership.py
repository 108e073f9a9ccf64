from xml.etree import ElementTree as ET

import pytest

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Affiliation
from xmpp_cem.xmpp.membership import BATCH, PUBSUB_OWNER, Membership

SERVICE = Jid("pubsub.a.b")


class Service:
    """Keeps the lists of one node as a server would."""

    def __init__(self, affiliations=(), subscriptions=(), is_stubborn=False):
        self.lists = {
            "affiliation": dict(affiliations),
            "subscription": dict.fromkeys(subscriptions, "subscribed"),
        }
        self.changes = []
        self.is_stubborn = is_stubborn

    async def __call__(self, _to, kind, content, _seconds):
        name = content[0].tag.rpartition("}")[2].removesuffix("s")
        held = self.lists[name]
        if kind == "get":
            answer = ET.Element("{jabber:client}iq")
            for account, value in held.items():
                attributes = {"jid": account, name: value}
                ET.SubElement(answer, f"{{{PUBSUB_OWNER}}}{name}", attributes)
            return answer
        for child in content[0]:
            self.changes.append((name, child.get("jid"), child.get(name)))
            if not self.is_stubborn:
                held[child.get("jid")] = child.get(name)
        return ET.Element("{jabber:client}iq")


async def test_a_leaver_loses_every_subscription_before_the_affiliation():
    service = Service(
        {"x@b": "member", "y@b": "member"}, ["x@b", "x@b/ven", "y@b", "xx@b", "x@b.c"]
    )
    await Membership(service).affiliate(SERVICE, "n", {"x@b": Affiliation.NONE})
    assert service.changes == [
        ("subscription", "x@b", "none"),
        ("subscription", "x@b/ven", "none"),
        ("affiliation", "x@b", "none"),
    ]


async def test_a_removal_that_did_not_work_is_refused():
    service = Service({"x@b": "member"}, ["x@b/ven"], is_stubborn=True)
    with pytest.raises(RefusedError, match="x@b still at n"):
        await Membership(service).affiliate(SERVICE, "n", {"x@b": Affiliation.NONE})


async def test_many_accounts_go_in_batches_and_none_sends_nothing():
    service = Service()
    wanted = {f"ven{number}@b": Affiliation.MEMBER for number in range(BATCH * 2 + 1)}
    await Membership(service).affiliate(SERVICE, "n", {})
    assert service.changes == []
    await Membership(service).affiliate(SERVICE, "n", wanted)
    held = await Membership(service).affiliations(SERVICE, "n")
    assert held == dict.fromkeys(wanted, "member")
