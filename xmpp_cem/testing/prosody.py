"""The recipe for a private Prosody."""

import hashlib
import hmac
import secrets
import shutil
from pathlib import Path

from xmpp_cem.errors import ServerError
from xmpp_cem.testing.pki import ServerPki
from xmpp_cem.testing.site import Account, Command, Federation, Site, write_private

_ITERATIONS = 10_000


def missing() -> str | None:
    """What to install before a private Prosody can start, as a sentence."""
    if shutil.which("prosody"):
        return None
    return "Debian's package prosody is missing; install it with: sudo apt-get install prosody"


def configure(site: Site, pki: ServerPki) -> Command:
    """Write the configuration and say how to start the server."""
    folder = site.folder
    values = {
        "FOLDER": str(folder),
        "HOST": site.endpoint.xmpp_host,
        "ADDRESS": site.endpoint.host,
        "C2S_PORT": str(site.endpoint.port),
        "CERTIFICATES": str(pki.certificate.parent),
        "FAST_JIDS": ", ".join(f'"{jid}"' for jid in site.fast_jids),
    }
    site.fill("prosody/prosody.cfg.lua.in", values, "prosody.cfg.lua")
    for domain in site.domains:
        one = {
            "PUBSUB": site.endpoint.pubsub(domain.domain),
            "DOMAIN": domain.domain,
            "VTN_JID": site.vtn_jid(domain),
        }
        site.fill("prosody/domain.cfg.lua.in", one, f"domains/{domain.domain}.cfg.lua")
    for name in ("data", "domains", "federation"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    if site.federation:
        _federate(site, site.federation)
    return Command(
        argv=("prosody", "--config", str(folder / "prosody.cfg.lua"), "-F"),
        env={"HOME": str(folder)},
        log=folder / "prosody.log",
    )


def _federate(site: Site, federation: Federation) -> None:
    values = {
        "ADDRESS": federation.address,
        "PEERS": str(site.peers_file),
        "NAME_SERVER": f"127.0.0.1@{federation.name_server}",
    }
    site.fill("prosody/s2s.cfg.lua.in", values, "federation/s2s.cfg.lua")


async def add_account(site: Site, account: Account) -> None:
    """Write an account's file, which a running Prosody sees at once.

    A file keeps the password off command lines; `prosodyctl` would show it to every local user.

    Raises:
        ServerError: the account exists.
    """
    path = _account_path(site, account)
    if path.exists():
        raise ServerError(f"account {account.jid} exists already")
    write_private(path, _account_file(account.password))


async def set_password(site: Site, account: Account) -> None:
    """Give an account the password in `account`; its sessions stay.

    Raises:
        ServerError: there is no such account.
    """
    path = _account_path(site, account)
    if not path.exists():
        raise ServerError(f"there is no account {account.jid}")
    write_private(path, _account_file(account.password))


def _account_path(site: Site, account: Account) -> Path:
    store = site.folder / "data" / _encoded(account.host) / "accounts"
    return store / f"{_encoded(account.local)}.dat"


def _encoded(name: str) -> str:
    return "".join(
        letter
        if letter.isascii() and letter.isalnum()
        else "".join(f"%{b:02x}" for b in letter.encode())
        for letter in name
    )


def _account_file(password: str) -> str:
    """Salted keys of SCRAM-SHA-256 (RFC 5802, 3; RFC 7677) in Prosody's format."""
    salt = secrets.token_hex(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).hexdigest()
    server = hmac.digest(salted, b"Server Key", "sha256").hex()
    return (
        f'return {{ iteration_count = {_ITERATIONS}; salt = "{salt}"; '
        f'stored_key = "{stored}"; server_key = "{server}"; }};\n'
    )
