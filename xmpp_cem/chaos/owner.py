"""What an account's owner can do behind a party's back, with the account's own password."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from xmpp_cem.chaos.place import Place
from xmpp_cem.errors import TransportError
from xmpp_cem.model.ids import Jid
from xmpp_cem.model.link import Item
from xmpp_cem.model.node import events_node
from xmpp_cem.xmpp.stream import Stream

_CONNECT_S = 15.0
_ANSWER_S = 8.0
_LOOK_S = 0.05
_OWNER: Final = "http://jabber.org/protocol/pubsub#owner"


@dataclass
class Owner:
    """A second connection of an account, beside the party that uses it."""

    stream: Stream
    place: Place

    @classmethod
    @asynccontextmanager
    async def of(cls, place: Place, name: str) -> AsyncIterator["Owner"]:
        """Be connected inside the block; raises TransportError."""
        credentials = place.credentials(name, "behind")
        stream = Stream(credentials, lambda _: None, admits=lambda _: False, services=frozenset())
        task = asyncio.get_running_loop().create_task(stream.run(), name=f"owner {name}")
        try:
            try:
                async with asyncio.timeout(_CONNECT_S):
                    while not stream.is_up:  # noqa: ASYNC110 a stream has no event for it
                        await asyncio.sleep(_LOOK_S)
            except TimeoutError as error:
                raise TransportError(f"no connection as {name}") from error
            yield cls(stream, place)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def items(self, domain: str) -> tuple[Item, ...]:
        """Return what the events node of a domain holds."""
        return await self.stream.fetch(self._service(domain), events_node(domain))

    async def publish(self, domain: str, item: Item) -> None:
        """Publish an item on a domain's events node."""
        await self.stream.publish(
            self._service(domain), events_node(domain), item.item_id, item.payload
        )

    async def retract(self, domain: str, item_id: str) -> None:
        """Remove an item from a domain's events node."""
        await self.stream.retract(self._service(domain), events_node(domain), item_id)

    async def delete(self, domain: str) -> None:
        """Delete a domain's events node."""
        await self._own(domain, "<delete node={node}/>")

    async def reconfigure(self, domain: str) -> None:
        """Open a domain's events node to everybody and let it keep two items."""
        fields = {"pubsub#access_model": "open", "pubsub#max_items": "2"}
        form = "".join(
            f"<field var='{name}'><value>{value}</value></field>" for name, value in fields.items()
        )
        kind = "http://jabber.org/protocol/pubsub#node_config"
        head = f"<field type='hidden' var='FORM_TYPE'><value>{kind}</value></field>"
        data = f"<x type='submit' xmlns='jabber:x:data'>{head}{form}</x>"
        await self._own(domain, "<configure node={node}>" + data + "</configure>")

    async def unsubscribe(self, domain: str, account: str) -> None:
        """End an account's subscription to a domain's events node."""
        ended = f"<subscription jid={quoteattr(account)} subscription='none'/>"
        await self._own(domain, "<subscriptions node={node}>" + ended + "</subscriptions>")

    async def send(self, to: Jid, payload: bytes) -> bytes:
        """Send a transaction under this account and return the answer."""
        return await self.stream.request(to, payload, is_query=False, timeout=_ANSWER_S)

    async def _own(self, domain: str, command: str) -> None:
        inner = command.format(node=quoteattr(events_node(domain)))
        payload = f"<pubsub xmlns='{_OWNER}'>{inner}</pubsub>"
        await self.send(self._service(domain), payload.encode())

    def _service(self, domain: str) -> Jid:
        return Jid(self.place.endpoint.pubsub(domain))
