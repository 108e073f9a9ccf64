"""Creates nodes, compares them with what they must be, and mends them (XEP-0060, 8)."""

from xml.etree.ElementTree import Element, SubElement

from xmpp_cem.errors import RefusedError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.node import Access, Affiliation, Drift, NodeSpec, NodeState
from xmpp_cem.xmpp.discovery import ASK_SECONDS, Ask
from xmpp_cem.xmpp.forms import read_form, write_form
from xmpp_cem.xmpp.membership import PUBSUB_OWNER, Membership, bare
from xmpp_cem.xmpp.pubsub import PUBSUB

NODE_CONFIG = "http://jabber.org/protocol/pubsub#node_config"

_ITEMREPLY = "pubsub#itemreply"


class Nodes:
    """The nodes that we own.

    Args:
        ask: sends an iq.
        account: the owner; its own affiliation is never drift.
    """

    def __init__(self, ask: Ask, account: Jid) -> None:
        self._ask = ask
        self._account = account.bare
        self._membership = Membership(ask)

    async def ensure(self, service: Jid, spec: NodeSpec, *, repair: bool) -> NodeState:
        """Create the node if it is missing, then compare all of it with the specification.

        Accounts of the specification that hold no affiliation get theirs in any case.

        Returns:
            the drift found; `was_repaired` when a second comparison found none.

        Raises:
            TransportError: as for every request.
        """
        was_created = await self._create(service, spec)
        await self._admit_missing(service, spec)
        drift = await self._compare(service, spec)
        was_repaired = False
        if drift and repair:
            await self._mend(service, spec)
            was_repaired = not await self._compare(service, spec)
        return NodeState(spec.name, was_created, drift, was_repaired)

    async def _create(self, service: Jid, spec: NodeSpec) -> bool:
        content = Element(f"{{{PUBSUB}}}pubsub")
        SubElement(content, f"{{{PUBSUB}}}create", {"node": spec.name})
        configure = SubElement(content, f"{{{PUBSUB}}}configure")
        configure.append(write_form(NODE_CONFIG, wanted_config(spec)))
        try:
            await self._ask(service, "set", content, ASK_SECONDS)
        except RefusedError as refusal:
            if refusal.condition != "conflict":
                raise
            return False
        return True

    async def _admit_missing(self, service: Jid, spec: NodeSpec) -> None:
        held = await self._membership.affiliations(service, spec.name)
        missing = {
            account: affiliation
            for account, affiliation in spec.affiliations.items()
            if account not in held and affiliation is not Affiliation.NONE
        }
        await self._membership.affiliate(service, spec.name, missing)

    async def _compare(self, service: Jid, spec: NodeSpec) -> tuple[Drift, ...]:
        answer = await self._ask(service, "get", self._configure(spec), ASK_SECONDS)
        held = await self._membership.affiliations(service, spec.name)
        held.pop(self._account, None)
        drift = config_drift(spec, read_form(answer)) + affiliation_drift(spec, held)
        if spec.access is Access.WHITELIST:
            readers = await self._membership.subscribers(service, spec.name)
            allowed = {*held, self._account}
            drift += tuple(
                Drift(f"subscription of {reader}", "none", "subscribed without affiliation")
                for reader in readers
                if bare(reader) not in allowed
            )
        return drift

    async def _mend(self, service: Jid, spec: NodeSpec) -> None:
        content = self._configure(spec)
        content[0].append(write_form(NODE_CONFIG, wanted_config(spec)))
        await self._ask(service, "set", content, ASK_SECONDS)
        held = await self._membership.affiliations(service, spec.name)
        held.pop(self._account, None)
        changes = _contradicted(spec, held)
        if spec.access is Access.WHITELIST:
            readers = {bare(r) for r in await self._membership.subscribers(service, spec.name)}
            strangers = readers - held.keys() - {self._account}
            changes |= dict.fromkeys(strangers, Affiliation.NONE)
        await self._membership.affiliate(service, spec.name, changes)

    def _configure(self, spec: NodeSpec) -> Element:
        content = Element(f"{{{PUBSUB_OWNER}}}pubsub")
        SubElement(content, f"{{{PUBSUB_OWNER}}}configure", {"node": spec.name})
        return content


def wanted_config(spec: NodeSpec) -> dict[str, str]:
    """Return every field of a node's configuration that we rely on."""
    fields = {
        "title": spec.title,
        "description": spec.description,
        "access_model": str(spec.access),
        "publish_model": "publishers",
        "persist_items": "1" if spec.stores_items else "0",
        "max_items": str(spec.max_items),
        # ejabberd stores items all the same if it may send the last one.
        "send_last_published_item": "never",
        "notify_delete": "1",
        "notify_retract": "1",
        "deliver_payloads": "1",
        "notification_type": "headline",
    }
    if spec.names_publisher:
        fields["itemreply"] = "publisher"
    return {f"pubsub#{name}": value for name, value in fields.items()}


def config_drift(spec: NodeSpec, found: dict[str, str]) -> tuple[Drift, ...]:
    """Return the fields that differ; Prosody 0.12 has no `itemreply`, so its absence is none."""
    return tuple(
        Drift(name, wanted, found.get(name, "(unknown to the service)"))
        for name, wanted in wanted_config(spec).items()
        if not _is_same(wanted, found.get(name)) and not (name == _ITEMREPLY and name not in found)
    )


def affiliation_drift(spec: NodeSpec, held: dict[str, str]) -> tuple[Drift, ...]:
    """Return the accounts that may do something else than they should.

    Args:
        spec: what should be.
        held: bare address to affiliation, our own left out. An outcast is as good as none.
    """
    return tuple(
        Drift(f"affiliation of {account}", str(wanted), held.get(account, "none"))
        for account, wanted in sorted(_contradicted(spec, held).items())
    )


def _contradicted(spec: NodeSpec, held: dict[str, str]) -> dict[str, Affiliation]:
    """Return the accounts that hold something else than they should, with what they should."""
    wanted = {
        account: spec.affiliations.get(account, Affiliation.NONE)
        for account in held.keys() | spec.affiliations.keys()
    }
    return {
        account: affiliation
        for account, affiliation in wanted.items()
        if held.get(account, "none") != affiliation
        and (affiliation, held.get(account)) != (Affiliation.NONE, "outcast")
    }


def _is_same(wanted: str, found: str | None) -> bool:
    """Compare field values; XEP-0004, 3.3 allows two spellings of a boolean."""
    return wanted == {"true": "1", "false": "0"}.get(found or "", found)
