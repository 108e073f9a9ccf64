"""Lets no task of an agent end in silence."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Protocol

from xmpp_cem.errors import AgentError


class Group(Protocol):
    """Starts tasks that belong together; `asyncio.TaskGroup` is one."""

    def create_task(
        self, coro: Coroutine[Any, Any, None], *, name: str | None = None
    ) -> asyncio.Task[None]:
        """Start a task."""
        ...


class Tasks:
    """The tasks of an agent: whichever ends as it must not ends all of them, loudly.

    A task group ends with the failure of one of its tasks, and then the agent begins anew. But it
    takes no notice of a task that merely returns, or that a stray cancellation has ended: that one
    would be missing for ever. Here both fail the group with an AgentError.

    Args:
        group: what they belong to.
    """

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        group.create_task(self._watch(), name="supervision")

    def create_task(
        self, coro: Coroutine[Any, Any, None], *, name: str | None = None
    ) -> asyncio.Task[None]:
        """Start a task that may return."""
        task = self._group.create_task(coro, name=name)
        task.add_done_callback(self._judge)
        return task

    def create_endless(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        """Start a task that must not return."""
        self.create_task(coro, name=name).add_done_callback(self._miss)

    async def _watch(self) -> None:
        await self._fault

    def _judge(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() and not task.cancelling():
            self._fail(f"the task {task.get_name()} was cancelled by nobody")

    def _miss(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is None:
            self._fail(f"the task {task.get_name()} has ended")

    def _fail(self, why: str) -> None:
        if not self._fault.done():
            self._fault.set_exception(AgentError(why))
