"""A connection by hand: what is asked of it is noted, what it answers is told beforehand."""
# ruff: noqa: ARG002 the shape of the port

import asyncio
import contextlib

import pytest

from xmpp_cem.errors import StreamLostError
from xmpp_cem.testing.clock import ManualClock


class Wire:
    """A transport whose every outcome a test decides; what is not decided succeeds."""

    def __init__(self):
        self.is_up = True
        self.done = []
        self.outcomes = []
        self.items = ()
        self.answer = b""
        self.is_there = True

    async def run(self):
        await asyncio.Event().wait()

    async def request(self, to, payload, *, is_query, timeout):
        await self._outcome("request", str(to), payload)
        return self.answer

    async def publish(self, service, node, item_id, payload, *, access, timeout=20):
        await self._outcome("publish", node, item_id, payload, access)

    async def retract(self, service, node, item_id):
        await self._outcome("retract", node, item_id)

    async def fetch(self, service, node, item_ids=()):
        await self._outcome("fetch", node, item_ids)
        return self.items

    async def subscribe(self, service, node):
        await self._outcome("subscribe", node)

    async def watch_presence(self, account):
        await self._outcome("watch", str(account))

    async def ensure_node(self, service, spec, *, repair):
        await self._outcome("ensure", spec.name, repair)
        return spec.name

    async def affiliate(self, service, node, accounts):
        await self._outcome("affiliate", node, accounts)

    async def offers_write_only(self, service):
        await self._outcome("probe")
        return True

    async def ping(self, to, timeout):
        await self._outcome("ping", str(to), timeout)
        return self.is_there

    def respond(self, token, payload):
        self.done.append(("respond", token, payload))

    def refuse(self, token, condition, error_type, text="", payload=b""):
        self.done.append(("refuse", token, condition, error_type, text, payload))

    def show_presence(self, show, status, extensions=()):
        self.done.append(("show", show, status, extensions))

    def review_watchers(self):
        self.done.append(("review",))

    async def _outcome(self, *what):
        if not self.is_up:
            raise StreamLostError("the connection is gone")
        self.done.append(what)
        await asyncio.sleep(0)
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome == "never":
            await asyncio.Event().wait()
        if asyncio.isfuture(outcome):
            outcome = await outcome
        if outcome is not None:
            raise outcome


@pytest.fixture
def wire():
    return Wire()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
async def group():
    """A task group that ends with the test."""
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as made:
            yield made
            for task in made._tasks:
                task.cancel()
