"""An operator's connection: commands, queries and a live view, over XMPP alone."""

import secrets
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import AsyncExitStack
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from xmpp_cem.agents.connecting import Outcome, running
from xmpp_cem.agents.late import LATER, LateAnswers
from xmpp_cem.agents.settings import clock_of, credentials_of
from xmpp_cem.agents.watching import Sight, Watch
from xmpp_cem.config.domains import WatchedConfig
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.errors import RefusedError, RemoteProtocolError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import (
    FaultMessage,
    Header,
    Noun,
    RequestMessage,
    ResponseMessage,
    Verb,
)
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.messages.readings import GetMeterReadings
from xmpp_cem.model.ids import DomainId, Jid, MessageId
from xmpp_cem.model.link import LinkDown, LinkEvent, PresenceSeen, RequestReceived
from xmpp_cem.runtime.ports import Transport
from xmpp_cem.wire.codec import Flow, decode, encode
from xmpp_cem.xmpp.credentials import Credentials
from xmpp_cem.xmpp.stream import Stream

ANSWER_S = 20.0
"""Within how many seconds a VTN must answer."""


class Connect(Protocol):
    """Makes a connection; the class `Stream` is one."""

    def __call__(
        self,
        credentials: Credentials,
        deliver: Callable[[LinkEvent], None],
        *,
        admits: Callable[[Jid], bool],
        services: Collection[str],
    ) -> Transport:
        """Return a connection that is not yet running."""
        ...


class Operator:
    """A connected operator; enter it with `async with`.

    Args:
        config: account and domains.
        connect: makes the connection.

    Raises:
        ConfigError: on construction, files that cannot be used.
        ConnectError: on entry, no connection within 10 s.
        AuthenticationError: on entry, the server or we do not accept the other.
    """

    def __init__(self, config: OperatorConfig, connect: Connect = Stream) -> None:
        self._config = config
        self._clock = clock_of(config.clock)
        self._outcome = Outcome()
        self._present: dict[Jid, PresenceSeen] = {}
        self._watches: list[Watch] = []
        self._exits = AsyncExitStack()
        self._late = LateAnswers()
        self._stream = connect(
            credentials_of(config.account, f"op-{secrets.token_hex(4)}"),
            self._deliver,
            admits=lambda _: False,
            services=frozenset(domain.pubsub for domain in config.domains),
        )

    async def __aenter__(self) -> Self:
        """Connect."""
        link = running(self._stream, self._outcome, self._config.account)
        await self._exits.enter_async_context(link)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Say good-bye to the server."""
        await self._exits.aclose()

    def now(self) -> datetime:
        """Return the present instant by the operator's clock, UTC."""
        return self._clock.now()

    def domain(self, name: DomainId | None = None) -> WatchedConfig:
        """Return a configured domain, the first one by default; raises ConfigError."""
        return self._config.domain(name)

    async def request(  # noqa: PLR0913 one per part of a request
        self,
        domain: DomainId | None,
        verb: Verb,
        noun: Noun,
        *,
        body: Body | None = None,
        ids: tuple[str, ...] = (),
        options: tuple[tuple[str, str], ...] = (),
        query: GetMeterReadings | None = None,
        late_s: float | None = None,
    ) -> ResponseMessage:
        """Ask a domain's VTN and return what it answers, also when it says FAILED.

        Args:
            domain: whose VTN; None: the first configured one.
            verb: `get` travels as a query, everything else as a transaction.
            noun: what it is about.
            body: the payload.
            ids: what is meant.
            options: such as `("reason", "…")`.
            query: of a get of MeterReadings, which of them.
            late_s: how many seconds to wait for the answer where the VTN first says 0.3, that it
                comes later; None wants it at once.

        Raises:
            ConfigError: the domain is not configured.
            TransportError: no answer, or a stanza error.
            RemoteProtocolError: an answer that cannot be read.
        """
        header = Header(
            verb=verb,
            noun=noun,
            message_id=fresh_id(),
            timestamp=self.now(),
            source=self._config.party,
            wants_async=None if late_s is None else True,
        )
        message = RequestMessage(header=header, ids=ids, options=options, query=query, body=body)
        return await self._answered(self.domain(domain).vtn_address, message, late_s)

    async def _answered(
        self, vtn: Jid, message: RequestMessage, late_s: float | None
    ) -> ResponseMessage:
        header = message.header
        waiting = self._late.expect(vtn, header.message_id)
        try:
            answer = await self._stream.request(
                vtn, encode(message), is_query=header.verb is Verb.GET, timeout=ANSWER_S
            )
            reply = _response(answer)
            if late_s is None or LATER not in {error.code for error in reply.errors}:
                return reply
            return await self._late.within(waiting, late_s)
        finally:
            self._late.forget(header.message_id)

    async def watch(self, domains: tuple[DomainId, ...] = ()) -> AsyncGenerator[Sight, None]:
        """Yield what happens in these domains, all by default, until closed (`aclosing`).

        Stored items of the events nodes come first; after a lost connection they come again.
        """
        chosen = tuple(map(self.domain, domains)) or self._config.domains
        watch = Watch(self._stream, chosen, self._accounts, self.now, self._present)
        self._watches.append(watch)
        sights = watch.sights()
        try:
            async for sight in sights:
                yield sight
        finally:
            self._watches.remove(watch)
            await sights.aclose()

    async def members(self, domain: DomainId | None = None) -> DomainMembers:
        """Return all members of a domain, asked for page by page.

        Raises:
            RefusedError: the VTN does not tell us.
            TransportError: no answer.
        """
        found: list[MemberEntry] = []
        options: tuple[tuple[str, str], ...] = ()
        while True:
            reply = await self.request(domain, Verb.GET, Noun.MEMBERS, options=options)
            if not isinstance(reply.body, DomainMembers):
                reasons = "; ".join(f"{e.reason} (code {e.code})" for e in reply.errors)
                raise RefusedError("not-allowed", text=f"the VTN refuses: {reasons}")
            found += reply.body.members
            is_last = MORE not in {error.code for error in reply.errors}
            if is_last or not reply.body.members:
                return reply.body.model_copy(update={"members": tuple(found)})
            options = ((AFTER, reply.body.members[-1].party),)

    async def _accounts(self, domain: WatchedConfig) -> tuple[str, ...]:
        return tuple(member.account for member in (await self.members(domain.domain)).members)

    def _deliver(self, seen: LinkEvent) -> None:
        self._outcome.take(seen)
        match seen:
            case LinkDown():
                self._present.clear()
            case PresenceSeen(sender=sender) if sender.bare != self._config.account.jid:
                self._present[sender] = seen
            case RequestReceived() if self._late.takes(seen):
                self._stream.respond(seen.token, b"")
            case RequestReceived(token=token):
                self._stream.refuse(token, "service-unavailable", "cancel")
        for watch in self._watches:
            watch.take(seen)


def fresh_id() -> MessageId:
    """Return a random UUID: a person's command is new each time."""
    return str(UUID(bytes=secrets.token_bytes(16), version=4))


def _response(answer: bytes) -> ResponseMessage:
    message = decode(answer, Flow.REPLY)
    if isinstance(message, FaultMessage):
        reasons = "; ".join(f"{e.code} {e.reason}" for e in message.errors)
        raise RefusedError("not-acceptable", "modify", f"the VTN cannot read this: {reasons}")
    if not isinstance(message, ResponseMessage):
        raise RemoteProtocolError("1.8", "the answer is no ResponseMessage")
    return message
