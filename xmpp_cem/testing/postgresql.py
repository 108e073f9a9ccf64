"""A private PostgreSQL server for tests, from Debian's package."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from xmpp_cem.errors import ServerError
from xmpp_cem.testing.process import ServerProcess
from xmpp_cem.testing.server import free_port
from xmpp_cem.testing.site import LOOPBACK

_INSTALLED: Final = Path("/usr/lib/postgresql")
_USER: Final = "postgres"
_START_S: Final = 30.0
_STOP_S: Final = 5.0
_POLL_S: Final = 0.05
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "20",
    "shared_buffers": "16MB",
    "fsync": "off",  # a killed process loses nothing by that, and nobody cuts the power
}


def missing() -> str | None:
    """What to install before such a server can start, as a sentence with the command."""
    if _programs() is None:
        return "PostgreSQL is not installed; run: apt-get install postgresql"
    return None


class PrivatePostgres:
    """A cluster of its own on loopback, in a fresh folder, under a user without rights.

    Raises:
        ServerError: it is not installed or does not start.
    """

    def __init__(self) -> None:
        programs = _programs()
        if programs is None:
            raise ServerError(str(missing()))
        self._programs = programs
        self._password = secrets.token_hex(8)
        self._port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="xmpp-cem-postgresql-"))
        self._initialise()
        self._process = self._spawn()
        self._wait_until_ready()

    def url(self, schema: str = "public", driver: str = "postgresql+psycopg") -> str:
        """Return the URL of a schema; it must exist."""
        login = f"{_USER}:{self._password}@{LOOPBACK}:{self._port}"
        return f"{driver}://{login}/postgres?options=-csearch_path%3D{schema}"

    def run(self, statement: str) -> str:
        """Run SQL and return what it prints, as a server's administrator would.

        Raises:
            ServerError: the server refuses it.
        """
        ran = subprocess.run(  # noqa: S603 our own server's client
            (self._programs / "psql", self.url(driver="postgresql"), "-XAtq", "-c", statement),
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise ServerError(ran.stderr)
        return ran.stdout.strip()

    def kill(self) -> None:
        """End it as a crash would: what was committed stays."""
        self._process.kill()

    def restart(self) -> None:
        """Start it again after it was killed, on the same port with the same data."""
        self._process = self._spawn()
        self._wait_until_ready()

    def stop(self) -> None:
        """End it in order, by force after 5 s, and remove its folder."""
        if self._process.is_running:
            os.kill(self._process.pid, signal.SIGINT)
        deadline = time.monotonic() + _STOP_S
        while self._process.is_running and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        self._process.kill()
        shutil.rmtree(self._folder)

    def _initialise(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self._password)
        if os.geteuid() == 0:
            owner = pwd.getpwnam(_USER)
            for path in (self._folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = (f"--username={_USER}", f"--pwfile={secret}", "--auth=scram-sha-256", "--no-sync")
        argv = (*_as_user(), str(self._programs / "initdb"), *options, "-D", str(self._data))
        made = subprocess.run(  # noqa: S603 our own recipe, no shell
            argv, capture_output=True, text=True, check=False, cwd=self._folder
        )
        if made.returncode:
            raise ServerError(f"PostgreSQL's cluster was not made\n{made.stderr}")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _spawn(self) -> ServerProcess:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        argv = (*_as_user("--pdeathsig", "KILL"), str(self._programs / "postgres"))
        argv = (*argv, "-D", str(self._data), "-p", str(self._port), *settings)
        return ServerProcess(argv, {}, self._folder, self._folder / "output.log")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        argv = (self._programs / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self._port))
        while subprocess.run(argv, check=False).returncode:  # noqa: S603 as above
            if not self._process.is_running or time.monotonic() > deadline:
                output = (self._folder / "output.log").read_text(errors="replace")
                raise ServerError(f"PostgreSQL did not start\n{output}")
            time.sleep(_POLL_S)


def _programs() -> Path | None:
    """Return the folder of the newest installed version."""
    found = [path for path in _INSTALLED.glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


def _as_user(*options: str) -> tuple[str, ...]:
    """Step down from root, whom the server refuses to serve."""
    if os.geteuid() != 0:
        return ("setpriv", *options) if options else ()
    return ("setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", *options)
