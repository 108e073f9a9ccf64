"""Starts parties by forking a process that has loaded the program, so that a start costs little."""

import asyncio
import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

_PR_SET_PDEATHSIG: Final = 1
_MODULES: Final = ("xmpp_cem.cli.main", "xmpp_cem.agents.run", "xmpp_cem.drivers.simulated")


class Child:
    """A party's process, the leader of a group of its own; not our child, but the nursery's.

    Args:
        pid: its process id.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle: int | None = None
        with contextlib.suppress(ProcessLookupError):
            self._handle = os.pidfd_open(pid)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._handle is not None and not self._has_ended(0)

    def kill(self) -> None:
        """End the whole group by force; idempotent."""
        if self._handle is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._has_ended(None)
        os.close(self._handle)
        self._handle = None

    async def stop(self, grace_s: float) -> None:
        """Ask it to end, and end its group by force after `grace_s` seconds; idempotent."""
        if self._handle is None:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._handle, ended.set)
        try:
            os.kill(self.pid, signal.SIGTERM)
            async with asyncio.timeout(grace_s):
                await ended.wait()
        except (ProcessLookupError, TimeoutError):
            pass
        finally:
            loop.remove_reader(self._handle)
            self.kill()

    def _has_ended(self, seconds: float | None) -> bool:
        return self._handle is None or bool(select.select([self._handle], [], [], seconds)[0])


class Nursery:
    """A process that forks parties on demand.

    Args:
        folder: where it runs, and what its command line names, so that nobody of it is overlooked.
        env: its environment, and so everybody's.
    """

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        program = (sys.executable, "-m", "xmpp_cem.chaos.nursery", "run", str(folder))
        self._process = subprocess.Popen(  # noqa: S603 our own program
            ("setpriv", "--pdeathsig", "KILL", *program),  # noqa: S607 found by PATH
            env=dict(env),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Its own process id."""
        return self._process.pid

    def start(self, config: Path, log: Path) -> Child:
        """Start the party of a configuration file; what it prints is appended to the log."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the nursery has no pipes")
        self._process.stdin.write(json.dumps([str(config), str(log)]) + "\n")
        self._process.stdin.flush()
        return Child(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End it; parties that still run end with it."""
        with self._process:
            self._process.kill()


def main() -> None:
    """Load the program, then fork a party for each line that comes in."""
    for name in _MODULES:
        __import__(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the dead
    for line in sys.stdin:
        config, log = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(config, log)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(config: str, log: str) -> NoReturn:
    """Be a party until it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    sink, nothing = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), os.open(os.devnull, 0)
    for descriptor, target in ((nothing, 0), (sink, 1), (sink, 2)):
        os.dup2(descriptor, target)
    code = 1
    try:
        from xmpp_cem.chaos import party

        sys.argv = ["xmpp-cem", "run", config]
        party.main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
