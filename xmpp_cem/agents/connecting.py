"""Waits for the first connection of a short-lived client, or says why there is none."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from xmpp_cem.config.account import AccountConfig
from xmpp_cem.errors import AgentError, AuthenticationError, ConnectError
from xmpp_cem.model.link import LinkDown, LinkEvent, LinkUp
from xmpp_cem.runtime.ports import Transport

CONNECT_S = 10.0
"""Within how many seconds the first connection must be there."""


class Outcome:
    """How the first attempt to connect has ended."""

    def __init__(self) -> None:
        self._settled = asyncio.Event()
        self._refusal = ""

    def take(self, seen: LinkEvent) -> None:
        """Learn from what the stream delivers; only the first outcome counts."""
        if self._settled.is_set() or not isinstance(seen, LinkUp | LinkDown):
            return
        if isinstance(seen, LinkDown):
            self._refusal = seen.reason
        self._settled.set()

    async def judged(self, account: AccountConfig) -> None:
        """Return when connected.

        Raises:
            ConnectError: no connection within 10 s.
            AuthenticationError: the server or we do not accept the other.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._settled.wait()
        except TimeoutError as error:
            raise ConnectError(_unreached(account)) from error
        if self._refusal:
            raise AuthenticationError(self._refusal)


@asynccontextmanager
async def running(
    stream: Transport, outcome: Outcome, account: AccountConfig
) -> AsyncIterator[None]:
    """Keep a stream running inside the block; raises as `Outcome.judged` on entry.

    Raises:
        AgentError: the stream's task has died; the block is cancelled.
    """
    name = f"stream of {account.jid}"
    task, owner = asyncio.create_task(stream.run(), name=name), asyncio.current_task()
    task.add_done_callback(end := lambda _: owner.cancel() if owner else None)
    try:
        await outcome.judged(account)
        yield
    except asyncio.CancelledError:
        if not task.done() or owner is None:
            raise
        owner.uncancel()
        error = None if task.cancelled() else task.exception()
        raise AgentError(f"the task {name} has ended: {error!r}") from error
    finally:
        task.remove_done_callback(end)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _unreached(account: AccountConfig) -> str:
    where = f"{account.host}:{account.port or 5222}" if account.host else account.jid
    return (
        f"no connection to {where} within {CONNECT_S:g} s; "
        "check that the server runs and that the account's host and port are right"
    )
