"""Puts the demonstration on: server, agents, story, screen, and the clearing up."""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.live import Live

from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.demo.board import Board
from xmpp_cem.demo.files import Files, Time
from xmpp_cem.demo.fleet import DemoError, Fleet, has_ended
from xmpp_cem.demo.keep import instructions
from xmpp_cem.demo.plan import OPERATOR, Plan
from xmpp_cem.demo.profiles import write_profiles
from xmpp_cem.demo.story import Story
from xmpp_cem.demo.summary import Summary, answers, figures, summarise
from xmpp_cem.errors import ConfigError
from xmpp_cem.runtime.clock import SystemClock
from xmpp_cem.testing.server import DomainSpec, Kind, PrivateServer

_REFRESH = 4
_T = TypeVar("_T")


@dataclass(frozen=True)
class Options:
    """What a person asked for."""

    server: Kind
    as_json: bool
    keep: bool
    speed: float
    folder: Path | None = None


class Show:
    """One demonstration in one fresh folder."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._plan = Plan()

    async def run(self) -> int:
        """Return the exit code; on cancellation everything is stopped and removed first."""
        folder = _made(self._options.folder)
        try:
            return await self._in(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _in(self, folder: Path) -> int:
        began = time.monotonic()
        origin = SystemClock().now().astimezone(UTC).replace(microsecond=0)
        files = Files(folder, self._plan, Time(origin, self._options.speed))
        self._say("making load, heat and sun profiles from published data ...")
        profiles = await _to_its_end(asyncio.to_thread(write_profiles, folder))
        self._say(f"starting a private {self._options.server} in {folder} ...")
        domains = [DomainSpec(domain, vtn) for domain, vtn in self._plan.domains.items()]
        server = await PrivateServer.start(
            self._options.server, files.server, files.accounts(), domains
        )
        fleet = Fleet(files)
        try:
            files.write(server.endpoint, profiles)
            self._say(f"starting {len(self._plan.agents)} agents ...")
            fleet.start(self._plan.agents)
            summary = await self._play(files, fleet, server.pid, began)
            if self._options.keep:
                await self._keep(files, server, fleet)
            return 0 if summary.is_good else 1
        finally:
            try:
                await fleet.stop()
            finally:
                await (server.kill() if has_ended(server.pid) else server.stop())

    async def _play(self, files: Files, fleet: Fleet, server: int, began: float) -> Summary:
        config = load(files.config(OPERATOR))
        if not isinstance(config, OperatorConfig):
            raise DemoError("the operator's file describes somebody else")
        board = Board(self._plan)
        story = Story(self._plan, files, fleet, config, board)
        playing = asyncio.create_task(story.play(), name="story")
        helpers = [
            asyncio.create_task(fleet.watch(server), name="fleet"),
            asyncio.create_task(self._show(story, board), name="board"),
        ]
        try:
            await asyncio.wait({playing, *helpers}, return_when=asyncio.FIRST_COMPLETED)
            for task in (playing, *helpers):
                if task.done():
                    task.result()
        finally:
            for task in (playing, *helpers):
                task.cancel()
            await asyncio.gather(playing, *helpers, return_exceptions=True)
        seconds = time.monotonic() - began
        summary = summarise(self._plan, story.outcome, story.tally, self._options.server, seconds)
        self._conclude(story, summary)
        return summary

    async def _show(self, story: Story, board: Board) -> None:
        """Draw the live screen on a terminal; elsewhere write a line per happening."""
        if not self._console.is_terminal:
            while True:
                self._say(await story.lines.get())
        with Live(
            get_renderable=board.render,
            console=self._console,
            refresh_per_second=_REFRESH,
            vertical_overflow="crop",
        ):
            await asyncio.Event().wait()

    def _conclude(self, story: Story, summary: Summary) -> None:
        while not self._console.is_terminal and not story.lines.empty():
            self._say(story.lines.get_nowait())
        self._console.print(answers(self._plan, story.tally))
        self._console.print(figures(summary))
        for reason in summary.reasons:
            self._console.print(f"[red]not as it should be:[/] {reason}")
        if self._options.as_json:
            sys.stdout.write(json.dumps(summary.figures) + "\n")
            sys.stdout.flush()

    async def _keep(self, files: Files, server: PrivateServer, fleet: Fleet) -> None:
        for line in instructions(self._plan, files, server.endpoint):
            self._console.print(line, highlight=False, markup=False, soft_wrap=True)
        await fleet.watch(server.pid)

    def _say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False, soft_wrap=True)


def _made(wanted: Path | None) -> Path:
    """Make a folder that only we can read; raises ConfigError when it cannot be new."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="xmpp-cem-demo-"))
    folder = wanted.absolute()
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise ConfigError(f"--folder {wanted}: {error.strerror}; name one to be made") from error
    return folder


async def _to_its_end(work: Coroutine[object, object, _T]) -> _T:
    """Await a thread; on cancellation wait for it, lest it writes where we have removed."""
    task = asyncio.create_task(work, name="to its end")
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
