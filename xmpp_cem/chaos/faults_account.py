"""Faults of accounts and machines: two instances, an account disabled, a clock that jumps."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path

from xmpp_cem.chaos.plan import HOST, SITES
from xmpp_cem.chaos.scene import Scene
from xmpp_cem.testing.server import Account, Kind
from xmpp_cem.testing.toml import toml

_MARGIN = timedelta(seconds=5)


async def twin(scene: Scene) -> None:
    """Run a second instance of a VEN, with an empty store, under the same address for a while."""
    site = scene.take(SITES)
    began = scene.now() - _MARGIN
    config = scene.place.configuration(site)
    config["store"] = str(scene.place.store(site).with_name(f"twin-{scene.number}.sqlite"))
    path = scene.place.folder / f"{site}-twin.toml"
    path.write_text(toml(config), encoding="utf-8")
    second = scene.parties.launch(site, path)
    try:
        await asyncio.sleep(scene.between(2.0, 5.0))
    finally:
        second.kill()
        ledger = scene.stage.ledger
        ledger.doubled.setdefault(site, []).append((began, scene.now() + _MARGIN))


async def disable_account(scene: Scene) -> None:
    """Change a site's password on the server, end its connection, and change it back."""
    site = scene.take(SITES)
    jid, server = f"{site}@{HOST}", scene.place.server
    await server.set_password(Account(jid, secrets.token_urlsafe(18)))
    scene.place.proxies[site].drop()
    try:
        await asyncio.sleep(scene.between(1.5, 3.0))
    finally:
        await server.set_password(Account(jid, scene.place.password(site)))


async def clock_step(scene: Scene) -> None:
    """Start a site anew so that its clock can be stepped: by an hour or to 1970, and back.

    It stays as it is afterwards: once the clock is right again, all must be well again.
    """
    site = scene.take(SITES)
    step = scene.chance.choice(("+3600", "-3600", "-1700000000"))
    scene.notes.append(f"{step} s")
    file = scene.place.folder / f"{site}.clock"
    file.write_text("+0", encoding="ascii")
    began = scene.now() - _MARGIN
    scene.parties.kill(site)
    scene.parties.start((site,), faketime(file))
    await asyncio.sleep(scene.between(2.0, 4.0))
    file.write_text(step, encoding="ascii")
    try:
        await asyncio.sleep(scene.between(2.0, 4.0))
    finally:
        file.write_text("+0", encoding="ascii")
        ledger = scene.stage.ledger
        ledger.doubled.setdefault(site, []).append((began, scene.now() + _MARGIN))


def library() -> Path | None:
    """Return the library that steps a process's clock, where Debian's libfaketime is installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def no_clock_steps(_: Kind) -> str | None:
    """Say why no clock can be stepped, None when one can."""
    return None if library() else "Debian's package libfaketime is not installed"


def faketime(file: Path) -> dict[str, str]:
    """Return the environment under which a file says how far a process's clock is off."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
