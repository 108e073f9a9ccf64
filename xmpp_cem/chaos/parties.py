"""The parties as processes of their own, started, killed, frozen, and started again."""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Iterable
from pathlib import Path

from xmpp_cem.chaos.nursery import Child, Nursery
from xmpp_cem.chaos.place import Place

_GRACE_S = 5.0
_LOOK_S = 0.1
_ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
_CODE = str(Path(__file__).resolve().parents[2])
"""Parties run the code that the harness is of, whichever is installed."""

_PAGE = os.sysconf("SC_PAGE_SIZE")


class Parties:
    """Every party's process; one that ends by itself is started again, as a service manager would.

    `died` names each party that ended although no fault excuses it.

    Args:
        place: their files and the way to the server.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._nursery = Nursery(place.folder, _ENVIRONMENT | {"PYTHONPATH": _CODE})
        self._processes: dict[str, Child] = {}
        self._excused: set[str] = set()
        self.died: list[str] = []
        self._limits: dict[str, int] = {}

    def start(self, parties: Iterable[str]) -> None:
        """Start these parties; one that runs is left alone."""
        for party in parties:
            if party not in self._processes or not self._processes[party].is_running:
                self._processes[party] = self.launch(party, self._place.config(party))

    def launch(self, party: str, config: Path) -> Child:
        """Start a process from any configuration file; the caller ends it."""
        process = self._nursery.start(config, self._place.folder / f"{config.stem}.log")
        if party in self._limits:
            self._limit(party, process, 0)
        return process

    def _limit(self, party: str, process: Child, otherwise: int) -> None:
        most = self._limits.get(party, otherwise)
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def kill(self, party: str) -> None:
        """Kill a party at once; it stays away until `start`."""
        self._processes.pop(party).kill()

    def freeze(self, party: str) -> None:
        """Stop a party where it stands."""
        os.killpg(self._processes[party].pid, signal.SIGSTOP)

    def thaw(self, party: str) -> None:
        """Let a frozen party go on."""
        os.killpg(self._processes[party].pid, signal.SIGCONT)

    def limit_files(self, party: str, most_bytes: int | None) -> None:
        """Let no file of a party grow beyond this, also when it is started again; None lifts it."""
        self._limits.pop(party, None)
        if most_bytes is not None:
            self._limits[party] = most_bytes
        self._limit(party, self._processes[party], resource.RLIM_INFINITY)

    def excuse(self, party: str) -> None:
        """Expect that a party ends by itself: its fault is one that it cannot live with."""
        self._excused.add(party)

    def blame(self) -> None:
        """Excuse nobody any more."""
        self._excused.clear()

    async def mind(self) -> None:
        """Start whoever ended by itself again; returns never."""
        while True:
            for party, process in tuple(self._processes.items()):
                if not process.is_running:
                    process.kill()
                    if party not in self._excused:
                        self.died.append(party)
                    self._processes[party] = self.launch(party, self._place.config(party))
            await asyncio.sleep(_LOOK_S)

    async def stop(self) -> None:
        """End all; they can be started again."""
        processes = tuple(self._processes.values())
        self._processes.clear()
        await asyncio.gather(*(_stopped(process) for process in processes))

    async def close(self) -> None:
        """End all for good."""
        await self.stop()
        self._nursery.close()

    @property
    def all_pids(self) -> frozenset[int]:
        """The process ids of all parties, and of what starts them."""
        return frozenset({*self.pids().values(), self._nursery.pid})

    def memory(self) -> dict[str, int]:
        """Return the resident memory of each party, bytes."""
        return {party: resident(process.pid) for party, process in self._processes.items()}

    def pids(self) -> dict[str, int]:
        """Return the process id of each party."""
        return {party: process.pid for party, process in self._processes.items()}


def resident(pid: int) -> int:
    """Return a process's resident memory, bytes; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0


def processes_naming(folder: Path) -> dict[int, str]:
    """Return the process ids and command lines of all processes that mention a folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in line:
                found[int(entry.name)] = line
    return found


async def _stopped(process: Child) -> None:
    if not process.is_running:
        process.kill()
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        await process.stop(_GRACE_S)
