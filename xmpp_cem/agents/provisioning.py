"""Creates or compares a domain's nodes without a running VTN, with the VTN's own account."""

from pathlib import Path

from xmpp_cem.agents.connecting import Outcome, running
from xmpp_cem.agents.settings import credentials_of, vtn_settings
from xmpp_cem.config.domains import LowerConfig
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.nodes import entries, node_specs
from xmpp_cem.core.vtn.vtnstate import VtnSettings, VtnState
from xmpp_cem.messages.operations import DomainNodes
from xmpp_cem.model.ids import PartyId
from xmpp_cem.model.node import Uplink
from xmpp_cem.runtime import journal
from xmpp_cem.store.reading import records_of
from xmpp_cem.xmpp.stream import Stream


async def provisioned(
    party: PartyId, lower: LowerConfig, store: Path | str, *, repair: bool
) -> DomainNodes:
    """Return the domain's nodes after creating what lacks and, if asked for, mending the rest.

    The nodes are opened to whom the store knows as a member, not to whom the file alone names.

    Raises:
        StoreError: the store is there and cannot be read.
        ConfigError: files that cannot be used.
        TransportError: no connection, or the service refuses.
    """
    settings, outcome = vtn_settings(party, lower), Outcome()
    readers = _readers(settings, store)
    # a negative priority: messages to the bare address are for the VTN itself
    stream = Stream(
        credentials_of(lower.account, "provision", priority=-1),
        outcome.take,
        admits=lambda _: False,
        services=(),
    )
    async with running(stream, outcome, lower.account):
        uplink = settings.uplink
        if uplink is None:
            has_box = await stream.offers_write_only(settings.service)
            uplink = Uplink.PUBLISH if has_box else Uplink.TRANSACTION
        states = [
            await stream.ensure_node(settings.service, spec, repair=repair)
            for spec in node_specs(settings, uplink, readers)
        ]
    return DomainNodes(domain=lower.domain, nodes=entries(states))


def _readers(settings: VtnSettings, store: Path | str) -> tuple[str, ...]:
    state = VtnState(settings)
    for row in records_of(store, "member"):
        record = journal.read_record(row)
        if isinstance(record, Member) and record.domain in {"", settings.domain}:
            state.restore(record)
    return state.readers
