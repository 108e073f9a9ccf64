"""The agents of the demonstration as processes of their own."""

import asyncio
import sys
from collections.abc import Iterable

from xmpp_cem.demo.files import Files
from xmpp_cem.errors import XmppCemError
from xmpp_cem.testing.process import ServerProcess

_GRACE_S = 5.0
_LOG_LINES = 12


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

    async def watch(self) -> None:
        """Return never; raises DemoError when an agent ends by itself."""
        while True:
            for party, process in self._processes.items():
                if not process.is_running:
                    raise DemoError(f"{party} ended unexpectedly:\n{self._tail(party)}")
            await asyncio.sleep(0.2)

    async def stop(self) -> None:
        """End all agents."""
        processes = list(self._processes.values())
        self._processes.clear()
        await asyncio.gather(*(process.stop(_GRACE_S) for process in processes))

    def _tail(self, party: str) -> str:
        text = self._files.log(party).read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-_LOG_LINES:])
