"""Where resource managers connect (S2 over WebSocket): one address, one resource, one at a time."""

import asyncio
import contextlib
import hmac
import ssl
from collections.abc import AsyncGenerator, Callable, Coroutine
from http import HTTPStatus
from typing import Any

import structlog
from s2python.connection.async_.medium.s2_medium import (
    MediumClosedConnectionError,
    S2AsyncMediumConnection,
    S2MediumException,
)
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import WebSocketException
from websockets.http11 import Request, Response
from websockets.protocol import State

from xmpp_cem.errors import DriverError

log = structlog.get_logger()

_LONGEST = 1_000_000
"""A longer message, in bytes, ends the connection."""


class Medium(S2AsyncMediumConnection):
    """A resource manager's WebSocket, as s2-python wants to be given it."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket

    async def is_connected(self) -> bool:
        """Whether messages can pass."""
        return self._socket.state is State.OPEN

    async def messages(self) -> AsyncGenerator[str | bytes, None]:
        """Yield messages until the connection ends."""
        with contextlib.suppress(WebSocketException):
            async for message in self._socket:
                yield message

    async def send(self, message: str) -> None:
        """Send a message.

        Raises:
            MediumClosedConnectionError: the connection has ended.
        """
        try:
            await self._socket.send(message)
        except WebSocketException as error:
            raise MediumClosedConnectionError(str(error)) from error


class Listener:
    """Listens for resource managers; a new one takes the place of the one before.

    Args:
        host: address to bind to.
        port: TCP port; 0 takes a free one.
        tls: makes it `wss`; None: `ws`.
        token: what a resource manager has to show as bearer token; empty: nothing.
        speak: speaks with one until its connection ends.
    """

    def __init__(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        token: str,
        speak: Callable[[Medium], Coroutine[Any, Any, None]],
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._token = token
        self._speak = speak
        self._server: Server | None = None
        self._socket: ServerConnection | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The TCP port that is bound, else the one that will be."""
        if self._server is None:
            return self._port
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def start(self) -> None:
        """Listen; again is harmless. Raises OSError where the address cannot be bound."""
        if self._server is None:
            self._server = await serve(
                self._take,
                self._host,
                self._port,
                ssl=self._tls,
                process_request=self._admit,
                max_size=_LONGEST,
            )

    async def stop(self) -> None:
        """Close all connections and listen no more."""
        server, self._server = self._server, None
        if server is not None:
            # A session may still wait for an answer that the closing makes impossible.
            for task in self._tasks:
                task.cancel()
            server.close()
            await server.wait_closed()

    def _admit(self, socket: ServerConnection, request: Request) -> Response | None:
        shown = request.headers.get("Authorization", "")
        if not self._token or hmac.compare_digest(shown.encode(), f"Bearer {self._token}".encode()):
            return None
        log.warning("resource manager refused: wrong token", peer=str(socket.remote_address))
        return socket.respond(HTTPStatus.UNAUTHORIZED, "a valid bearer token is needed\n")

    async def _take(self, socket: ServerConnection) -> None:
        before, self._socket = self._socket, socket
        if before is not None:
            await before.close()
        log.info("resource manager connected", peer=str(socket.remote_address))
        speaking = asyncio.create_task(self._speak(Medium(socket)), name="S2 session")
        self._tasks.add(speaking)
        try:
            await asyncio.wait((speaking,))
            if not speaking.cancelled():
                speaking.result()
        except (DriverError, S2MediumException) as error:
            log.warning("resource manager's session failed", why=repr(error))
        finally:
            self._tasks.discard(speaking)
            log.info("resource manager gone", peer=str(socket.remote_address))
