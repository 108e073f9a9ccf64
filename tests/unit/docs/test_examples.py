"""The README's VEN is the example, and the example works."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

from xmpp_cem import OptIn, OptOut, SetPoint
from xmpp_cem.agents.application import FunctionSite

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "docs" / "examples"
GUARD = 'if __name__ == "__main__":\n    ven.run()\n'


@pytest.fixture
def example(tmp_path, monkeypatch):
    shutil.copy(EXAMPLES / "site.toml", tmp_path)
    secret = tmp_path / "site-1.password"
    secret.write_text("made up")
    secret.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("example", EXAMPLES / "ven.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_shows_the_example():
    shown = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    assert shown.replace("ven.run()\n", GUARD) == (EXAMPLES / "ven.py").read_text()


async def test_the_example_decides_acts_and_reads(example):
    site = FunctionSite(example.read, example.act, example.decide)
    assert await site.decide(None, -5_000) == OptIn(-5_000)
    assert isinstance(await site.decide(None, -9_000), OptOut)
    await site.apply((SetPoint(resource="charger", power_w=6_000),))
    assert (await site.read())[0].power_w == 6_000
    await site.apply((SetPoint(resource="charger", power_w=None),))
    assert (await site.read())[0].power_w == 11_000


def test_every_link_of_readme_and_docs_leads_somewhere():
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []
