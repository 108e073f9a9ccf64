"""One life of a script: a process that is asked on its input and answers on its output."""

import asyncio
import contextlib
import itertools
import os
import signal
from pathlib import Path
from typing import Any

import structlog

from xmpp_cem.drivers.script.lines import LONGEST, answer, question
from xmpp_cem.errors import DriverError

log = structlog.get_logger()

_GRACE_S = 2.0
_LONGEST_COMPLAINT = 500


class Child:
    """A running script; it leads a process group of its own, which ends with it.

    Its input is closed when this process dies, however that happens: a script that ends at the end
    of its input never stays behind.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._end = ""
        output, complaints = process.stdout, process.stderr
        self._tasks = [
            asyncio.create_task(self._listen(output), name="listen to a script")
            if output
            else None,
            asyncio.create_task(_log(complaints), name="log a script") if complaints else None,
        ]

    @classmethod
    async def start(cls, command: tuple[str, ...], folder: Path) -> "Child":
        """Start a script.

        Raises:
            DriverError: it cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=folder,
                limit=LONGEST,
                start_new_session=True,
            )
        except OSError as error:
            raise DriverError(f"the script cannot be started: {error}") from error
        return cls(process)

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return not self._end and self._process.returncode is None

    async def ask(self, what: str, **values: int) -> dict[str, Any]:
        """Return what the script answers; wait for it as long as it lives.

        Raises:
            DriverError: the script says that it failed, or it has ended.
        """
        number = next(self._numbers)
        future = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            if self._end or self._process.stdin is None:
                raise DriverError(self._end or "the script has no input")
            self._process.stdin.write(question(number, what, **values))
            said: dict[str, Any] = await future
        finally:
            self._waiting.pop(number, None)
        if "error" in said:
            raise DriverError(f"the script says: {said['error']}")
        return said

    async def stop(self) -> None:
        """Close its input, give it a moment to end, then end its group by force; idempotent."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                await self._process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        await asyncio.gather(*(task for task in self._tasks if task))

    async def _listen(self, output: asyncio.StreamReader) -> None:
        """Hear line by line; a script that talks nonsense is ended like one that ends itself."""
        try:
            while line := await output.readline():
                self._heard(line)
        except DriverError as error:
            self._ended(str(error))
        except ValueError:
            self._ended(f"the script wrote a line longer than {LONGEST} bytes")
        if self._end:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = await self._process.wait()
        self._ended(f"the script ended with code {code}")

    def _ended(self, why: str) -> None:
        self._end = self._end or why
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(DriverError(self._end))

    def _heard(self, line: bytes) -> None:
        """Hand an answer to who waits for it; nobody waits for one that came too late."""
        number, said = answer(line)
        future = self._waiting.get(number)
        if future is not None and not future.done():
            future.set_result(said)


async def _log(complaints: asyncio.StreamReader) -> None:
    """Log what a script writes to its standard error; lines that are too long are left out."""
    while True:
        try:
            line = await complaints.readline()
        except ValueError:
            continue
        if not line:
            return
        text = line.decode(errors="replace").rstrip()[:_LONGEST_COMPLAINT]
        log.warning("the script says", text=text)
