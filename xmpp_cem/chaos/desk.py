"""The operator's desk: asks until there is an answer, over connections that may break."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime

from xmpp_cem.agents.operator import Operator
from xmpp_cem.chaos.place import Place
from xmpp_cem.chaos.plan import GRID, OPERATOR
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.errors import ConfigError, RemoteProtocolError, TransportError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Verb
from xmpp_cem.messages.operations import DomainMembers
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.event import Event

_PAUSE_S = 0.3
_ANSWER_S = 4.0


class Desk:
    """An operator who connects anew when something breaks, and repeats what had no answer."""

    def __init__(self, place: Place) -> None:
        config = load(place.config(OPERATOR))
        if not isinstance(config, OperatorConfig):
            raise ConfigError(f"{place.config(OPERATOR)} is no operator's file")
        self._config = config
        self._operator: Operator | None = None
        self._exits = AsyncExitStack()
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        """Leave."""
        self._operator = None
        await self._exits.aclose()

    async def create(self, event: Event, seconds: float) -> ResponseMessage | None:
        """Ask the top VTN for an event; None when there was no answer within `seconds`."""
        body = EndDeviceControls(events=(event,))
        return await self.ask(GRID, Verb.CREATE, Noun.CONTROLS, body=body, seconds=seconds)

    async def cancel(self, event_id: str, seconds: float) -> ResponseMessage | None:
        """Ask the top VTN to cancel an event; None when there was no answer."""
        return await self.ask(GRID, Verb.CANCEL, Noun.CONTROLS, ids=(event_id,), seconds=seconds)

    async def provision(self, domain: str, seconds: float) -> None:
        """Have a domain's nodes repaired."""
        await self.ask(domain, Verb.EXECUTE, Noun.NODES, seconds=seconds)

    async def reachable(self, domain: str) -> frozenset[str]:
        """Return the members that a VTN counts on now; nobody when it does not answer."""
        reply = await self.ask(domain, Verb.GET, Noun.MEMBERS, seconds=_ANSWER_S)
        if reply is None or not isinstance(reply.body, DomainMembers):
            return frozenset()
        away = {Availability.UNREACHABLE, Availability.OUT_OF_SERVICE}
        return frozenset(
            m.party for m in reply.body.members if m.availability not in away and m.decrease_w
        )

    async def ask(
        self,
        domain: str,
        verb: Verb,
        noun: Noun,
        *,
        body: Body | None = None,
        ids: tuple[str, ...] = (),
        seconds: float,
    ) -> ResponseMessage | None:
        """Ask again and again for this long; None when nobody answered."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until:
            try:
                operator = await self._connected()
                async with asyncio.timeout(_ANSWER_S):
                    return await operator.request(domain, verb, noun, body=body, ids=ids)
            except (TransportError, RemoteProtocolError, TimeoutError):
                await asyncio.sleep(_PAUSE_S)
        return None

    def now(self) -> datetime:
        """Return the present by the operator's clock."""
        if self._operator is None:
            raise ConfigError("nobody sits at the desk yet")
        return self._operator.now()

    async def _connected(self) -> Operator:
        """Return a connected operator, who connects again by itself."""
        async with self._turn:
            if self._operator is None:
                operator = Operator(self._config)
                await self._exits.enter_async_context(operator)
                self._operator = operator
            return self._operator
