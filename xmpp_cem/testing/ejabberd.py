"""The recipe for a private ejabberd."""

import asyncio
import http.client
import json
import os
import shutil
import socket
from pathlib import Path

from xmpp_cem.errors import ServerError
from xmpp_cem.testing.pki import ServerPki
from xmpp_cem.testing.site import Account, Command, Site, write_private

_API_SOCKET = "api.sock"
_FEDERATION = "s2s.yml"
_API_SECONDS = 10.0


def missing() -> str | None:
    """What to install before a private ejabberd can start, as a sentence."""
    if shutil.which("erl") and _library_folder():
        return None
    return "Debian's package ejabberd is missing; install it with: sudo apt-get install ejabberd"


def configure(site: Site, pki: ServerPki) -> Command:
    """Write the configuration and say how to start the server.

    The Erlang machine runs without distribution, so it needs no epmd, cookie or second port.
    """
    folder = site.folder
    (folder / _API_SOCKET).unlink(missing_ok=True)
    values = {
        "HOST": site.endpoint.xmpp_host,
        "ADDRESS": site.endpoint.host,
        "FEDERATION": json.dumps(str(folder / _FEDERATION)) if site.federation else "",
        "S2S": "all" if site.federation else "none",
        "C2S_PORT": str(site.endpoint.port),
        "API_SOCKET": _API_SOCKET,
        "CERTIFICATE": str(pki.bundle),
        "CA_FILE": str(pki.ca_file),
        "VTN_JIDS": json.dumps(sorted({site.vtn_jid(domain) for domain in site.domains})),
        "FAST_JIDS": json.dumps(site.fast_jids),
        "PUBSUB_HOSTS": json.dumps([site.endpoint.pubsub(one.domain) for one in site.domains]),
    }
    site.fill("ejabberd/ejabberd.yml.in", values, "ejabberd.yml")
    # Names come from files only: nothing asks a name server.
    inetrc = '{lookup, ["file", "native"]}.\n'
    if site.federation:
        values = {"ADDRESS": site.federation.address, "PEERS": str(site.peers_file)}
        site.fill("ejabberd/s2s.yml.in", values, _FEDERATION)
        names = f"{{127,0,0,1}}, {site.federation.name_server}"
        inetrc = f'{{lookup, [file]}}.\n{{resolv_conf, ""}}.\n{{nameserver, {names}}}.\n'
    write_private(folder / "inetrc", inetrc)
    (folder / "spool").mkdir(mode=0o700, exist_ok=True)
    log = folder / "log" / "ejabberd.log"
    env = {
        "HOME": str(folder),
        "ERL_LIBS": str(_library_folder()),
        "ERL_INETRC": str(folder / "inetrc"),
        "ERL_CRASH_DUMP_BYTES": "0",
        "EJABBERD_CONFIG_PATH": str(folder / "ejabberd.yml"),
        "EJABBERD_LOG_PATH": str(log),
    }
    # No busy waiting: idle schedulers would eat the processors that the tests need.
    machine = ("+K", "true", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none")
    argv = ("erl", *machine, "-noinput", "-mnesia", "dir", '"spool"', "-s", "ejabberd")
    return Command(argv=argv, env=env, log=log)


async def add_account(site: Site, account: Account) -> None:
    """Register an account through the socket in the server's folder.

    Raises:
        ServerError: the account exists or the server refuses.
    """
    body = {"user": account.local, "host": account.host, "password": account.password}
    await asyncio.to_thread(_call, site.folder, "register", account.jid, body)


async def set_password(site: Site, account: Account) -> None:
    """Give an account the password in `account`; its sessions stay.

    Raises:
        ServerError: the server refuses, as it does unless the configuration allows the command.
    """
    body = {"user": account.local, "host": account.host, "newpass": account.password}
    await asyncio.to_thread(_call, site.folder, "change_password", account.jid, body)


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, folder: Path) -> None:
        super().__init__("localhost", timeout=_API_SECONDS)
        self._folder = folder

    def connect(self) -> None:
        """Reach the socket by its folder's descriptor: a path may be longer than addresses are."""
        folder = os.open(self._folder, os.O_PATH)
        try:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(self.timeout)
            self.sock.connect(f"/proc/self/fd/{folder}/{_API_SOCKET}")
        finally:
            os.close(folder)


def _call(folder: Path, command: str, jid: str, body: dict[str, str]) -> None:
    connection = _Connection(folder)
    try:
        connection.request("POST", f"/api/{command}", json.dumps(body))
        answer = connection.getresponse()
        text = answer.read().decode()
    except OSError as error:
        raise ServerError(f"ejabberd does not take account {jid}: {error}") from error
    finally:
        connection.close()
    if answer.status == http.client.CONFLICT:
        raise ServerError(f"account {jid} exists already")
    if answer.status != http.client.OK:
        raise ServerError(f"ejabberd refuses account {jid}: {text}")


def _library_folder() -> Path | None:
    return next((found.parent for found in Path("/usr/lib").glob("*/ejabberd-*")), None)
