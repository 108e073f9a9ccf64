"""The README's VEN is the example, the example works, and the pages show what is true."""

import importlib.util
import re
import shutil
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from xmpp_cem import OptIn, OptOut, SetPoint
from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.config.loading import load
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.store.memory import MemoryStore
from xmpp_cem.testing.carriers import MemoryCarrier
from xmpp_cem.testing.world import World
from xmpp_cem.wire.codec import decode_presence

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
GUARD = 'if __name__ == "__main__":\n    ven.run()\n'
ACCOUNTS = ("vtn-grid", "vtn-north", "north", "site-1", "operator")


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def configurations() -> list[str]:
    pages = ("write-the-files.md", "connect-a-device.md", "run-a-programme.md")
    return [text for page in pages for text in blocks(DOCS / "how-to" / page, "toml")]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ca.pem").write_text("made up")
    for account in ACCOUNTS:
        secret = tmp_path / f"{account}.password"
        secret.write_text("made up")
        secret.chmod(0o600)
    return tmp_path


@pytest.fixture
def example(folder, monkeypatch):
    shutil.copy(EXAMPLES / "site.toml", folder)
    monkeypatch.chdir(folder)
    spec = importlib.util.spec_from_file_location("example", EXAMPLES / "ven.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
async def world():
    stores = {}
    carrier = MemoryCarrier("prosody", "xmpp.localhost", {"grid": "vtn-grid"})
    built = World(carrier, lambda party: stores.setdefault(party, MemoryStore()))
    yield built
    await built.stop()


def test_the_readme_shows_the_example():
    (shown,) = blocks(ROOT / "README.md", "python")
    assert shown.replace("ven.run()\n", GUARD) == (EXAMPLES / "ven.py").read_text()


async def test_the_example_decides_acts_and_reads(example):
    site = FunctionSite(example.read, example.act, example.decide)
    assert await site.decide(None, -5_000) == OptIn(-5_000)
    assert isinstance(await site.decide(None, -9_000), OptOut)
    await site.apply((SetPoint(resource="charger", power_w=6_000),))
    assert (await site.read())[0].power_w == 6_000
    await site.apply((SetPoint(resource="charger", power_w=None),))
    assert (await site.read())[0].power_w == 11_000


@pytest.mark.parametrize(
    ("asked_w", "opt", "power_w"), [(-5_000, Opt.IN, 6_000), (-9_000, Opt.OUT, 11_000)]
)
async def test_the_example_takes_part_in_a_domain(example, world, asked_w, opt, power_w):
    program = SimpleNamespace(read=example.read, act=example.act, answer=example.decide)
    world.vtn("grid", "site-1")
    world.site("site-1", "grid", program)
    world.start()
    operator = await world.operator("grid")

    async def is_ready():
        (member,) = (await operator.members()).members
        return member.availability is Availability.AVAILABLE and member.revision > 0

    await world.until(is_ready)
    event = await operator.dispatch(1, asked_w, start_in=2, answer_in=1, seconds=20)

    async def is_answered():
        (share,) = (await operator.record(event)).shares
        return share.opt is opt

    await world.until(is_answered)
    await world.carrier.pass_time(timedelta(seconds=6))
    assert example.charger["power_w"] == power_w
    await operator.stop()


@pytest.mark.parametrize("text", configurations(), ids=lambda text: text.splitlines()[0])
def test_every_file_that_the_page_shows_can_be_loaded(folder, text):
    path = folder / "agent.toml"
    path.write_text(text)
    assert load(path).party


def test_the_pages_show_the_examples_files():
    tutorial = DOCS / "tutorials" / "first-ven.md"
    assert (EXAMPLES / "site.toml").read_text() in configurations()
    assert blocks(tutorial, "toml") == [(EXAMPLES / "site.toml").read_text()]
    assert blocks(tutorial, "python") == [(EXAMPLES / "ven.py").read_text()]


def test_the_page_of_devices_shows_the_example_of_a_script():
    (shown,) = blocks(DOCS / "how-to" / "connect-a-device.md", "python")
    assert shown == (EXAMPLES / "charger.py").read_text()


def test_the_presence_that_the_page_shows_is_understood():
    (shown,) = blocks(DOCS / "reference" / "presence.md", "xml")
    extension = re.search(r"<availability .*</availability>", shown, re.DOTALL).group()
    offer = decode_presence(extension.encode())
    assert f"<show>away</show>\n  <status>{offer.status}</status>" in shown


def test_every_place_that_the_pages_name_exists():
    named = {
        (page.relative_to(ROOT), place)
        for page in DOCS.rglob("*.md")
        for place in re.findall(r"`((?:tests|deploy|scripts|xmpp_cem)/[\w./-]+)`", page.read_text())
    }
    assert {(page, place) for page, place in named if not (ROOT / place).exists()} == set()


def test_every_link_of_readme_and_docs_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text())
        if "://" not in target and not leads_somewhere(page, target)
    ]
    assert broken == []


def test_the_index_leads_to_every_page():
    index = (DOCS / "index.md").read_text()
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page}" not in index} == set()


def leads_somewhere(page: Path, target: str) -> bool:
    name, _, part = target.partition("#")
    path = page.parent / name if name else page
    return path.exists() and (not part or part in anchors(path))


def anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
