"""Runs a command's coroutine, as an operator or until a signal ends it."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

from xmpp_cem.agents.operator import Operator
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.errors import ConfigError

T = TypeVar("T")


def operator_config(path: Path, *domains: str | None) -> OperatorConfig:
    """Load an operator's file; raises ConfigError for another role's or without these domains."""
    config = load(path)
    if not isinstance(config, OperatorConfig):
        raise ConfigError(
            f"{path}: role: is {config.role}; this command needs a file with role operator"
        )
    for domain in domains:
        config.domain(domain)
    return config


def as_operator(config: OperatorConfig, work: Callable[[Operator], Awaitable[T]]) -> T:
    """Connect, do the work and disconnect; raises as `Operator` and the work do."""

    async def connected() -> T:
        async with Operator(config) as operator:
            return await work(operator)

    return asyncio.run(connected())


def until_signalled(work: Coroutine[object, object, None]) -> None:
    """Run until the work ends or SIGINT or SIGTERM comes, which both end it in order."""

    async def guarded() -> None:
        task = asyncio.create_task(work, name="command")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(guarded())
