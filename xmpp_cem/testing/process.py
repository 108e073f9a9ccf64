"""One child process that dies with its parent."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class ServerProcess:
    """A server in its own process group.

    Args:
        argv: program and arguments.
        env: its environment beside PATH and LANG.
        folder: its working folder.
        output: file that gets what it prints.

    The kernel kills it when the thread that made it ends, so make it in the main thread.
    """

    def __init__(
        self, argv: tuple[str, ...], env: Mapping[str, str], folder: Path, output: Path
    ) -> None:
        with output.open("ab") as sink:
            self._child = subprocess.Popen(  # noqa: S603 - our own recipes, no shell
                ("setpriv", "--pdeathsig", "KILL", *argv),  # noqa: S607 - found by PATH below
                env={"PATH": _PATH, "LANG": "C.UTF-8", **env},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id, also of the group."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it has neither ended nor been stopped."""
        return self._child.returncode is None and not self._has_ended()

    async def stop(self, grace_s: float) -> None:
        """Ask it to end, and end its group by force after `grace_s` seconds; idempotent."""
        if self._child.returncode is not None:
            return
        # Only the leader: Erlang's port server must outlive an orderly stop.
        self._child.send_signal(signal.SIGTERM)
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await self._end()
        finally:
            self.kill()

    def kill(self) -> None:
        """End the whole group by force; idempotent."""
        if self._child.returncode is not None:
            return
        # Not reaped yet, so the group id cannot have passed to somebody else.
        os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        descriptor = os.pidfd_open(self._child.pid)
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _has_ended(self) -> bool:
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._child.pid, flags) is not None
