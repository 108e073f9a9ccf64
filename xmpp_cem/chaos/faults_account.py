"""Faults of accounts and machines: two instances, an account disabled, a clock that jumps."""

import asyncio
import secrets
from datetime import timedelta

from xmpp_cem.chaos.plan import HOST, MEMBERS, PARTIES, SITES
from xmpp_cem.chaos.scene import Scene
from xmpp_cem.testing.pki import make_pki
from xmpp_cem.testing.server import Account
from xmpp_cem.testing.toml import toml

_MARGIN = timedelta(seconds=5)
_STARTED_SHARE, _STARTS_S = 0.3, 4.0


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


async def certificate_expired(scene: Scene) -> None:
    """Restart the server with a certificate that has expired, and later with a good one.

    Nobody may log in meanwhile, and whoever tries must say why it does not.
    """
    scene.take_server()
    place, names = scene.place, (HOST, *map(scene.place.endpoint.pubsub, MEMBERS))
    folder = place.endpoint.ca_file.parent
    make_pki(folder, names, not_after=scene.now() - timedelta(days=1))
    await place.server.restart(is_trusted=False)
    before = {party: place.log(party).stat().st_size for party in PARTIES}
    try:
        await asyncio.sleep(scene.between(4.0, 6.0))
        said = {party: place.log(party).read_bytes()[before[party] :] for party in PARTIES}
    finally:
        make_pki(folder, names)
        await place.server.restart()
    for party in (party for party, text in said.items() if b"is connected" in text):
        scene.findings.disagreements.append(f"{party} logged in behind an expired certificate")
    # Prosody offers no certificate at all then, so that only the handshake's failure can be told.
    if not any(b"is not trusted" in text for text in said.values()):
        scene.findings.unrecovered.append("nobody said why it does not log in")


async def clock_step(scene: Scene) -> None:
    """Step a site's clock by an hour or to 1970, and back; in some rounds it is started so."""
    site = scene.take(SITES)
    step = scene.chance.choice(("+3600", "-3600", "-1700000000"))
    scene.notes.append(f"{step} s")
    file = scene.place.config(site).with_suffix(".clock")
    began = scene.now() - _MARGIN
    file.write_text(step, encoding="ascii")
    if scene.chance.random() < _STARTED_SHARE:
        scene.parties.kill(site)
        scene.parties.start((site,))
        await asyncio.sleep(_STARTS_S)
    try:
        await asyncio.sleep(scene.between(2.0, 5.0))
    finally:
        file.unlink()
        until, away = scene.now() + _MARGIN, timedelta(seconds=int(step))
        scene.stage.ledger.strayed(site, began, until, away)
