"""The agents of the demonstration as processes of their own."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from xmpp_cem.demo.files import Files
from xmpp_cem.errors import XmppCemError
from xmpp_cem.testing.process import ServerProcess

_GRACE_S = 5.0
_LOG_LINES = 12
_LOOK_S = 0.2


class DemoError(XmppCemError):
    """The demonstration cannot go on; the text says why."""


class Fleet:
    """Starts every agent with `run FILE`, kills one when told, ends all."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._processes: dict[str, ServerProcess] = {}

    def start(self, parties: Iterable[str]) -> None:
        """Start these agents."""
        for party in parties:
            program = (sys.executable, "-m", "xmpp_cem", "run", str(self._files.config(party)))
            self._processes[party] = ServerProcess(
                program, {}, self._files.folder, self._files.log(party)
            )

    def kill(self, party: str) -> None:
        """Kill one agent at once, as a power cut would; it is not watched any more."""
        self._processes.pop(party).kill()

    async def watch(self, server: int) -> None:
        """Return never; raises DemoError when an agent or the server ends by itself.

        Args:
            server: its process id; a child of ours that nobody has waited for.
        """
        while True:
            for party, process in self._processes.items():
                if not process.is_running:
                    raise DemoError(f"{party} ended unexpectedly:\n{self.tail(party)}")
            if has_ended(server):
                log = _tail(*self._files.server.rglob("*.log"))
                raise DemoError(f"the XMPP server ended unexpectedly:\n{log}")
            await asyncio.sleep(_LOOK_S)

    async def stop(self) -> None:
        """End all agents."""
        processes = list(self._processes.values())
        self._processes.clear()
        await asyncio.gather(*(_stopped(process) for process in processes))

    def tail(self, party: str) -> str:
        """Return the last lines of an agent's log."""
        return _tail(self._files.log(party))


def has_ended(child: int) -> bool:
    """Return whether a child, by its process id, has ended and nobody has waited for it."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


async def _stopped(process: ServerProcess) -> None:
    if not process.is_running:
        process.kill()  # what it has left behind in its group
        return
    # It may end by itself at this very moment.
    with contextlib.suppress(ProcessLookupError):
        await process.stop(_GRACE_S)


def _tail(*logs: Path) -> str:
    """Return the last lines of the log that was written to last."""
    written = [log for log in logs if log.stat().st_size]
    if not written:
        return "(its log is empty)"
    newest = max(written, key=lambda log: log.stat().st_mtime_ns)
    text = newest.read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-_LOG_LINES:])
