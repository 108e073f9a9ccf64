from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from xmpp_cem.cli.main import app

ACCOUNT = (
    'account = { jid = "%s@xmpp.localhost", password_file = "p", host = "127.0.0.1", port = 1 }'
)
LOWER = f"""[lower]
domain = "sites"
pubsub = "ps.xmpp.localhost"
{ACCOUNT % "vtn-1"}
operators = ["op@xmpp.localhost"]
"""
MEMBERS = "".join(
    f'[[lower.members]]\nparty = "site-{n}"\naccount = "site-{n}@xmpp.localhost"\n'
    for n in range(1, 8)
)
UPPER = f"""[upper]
domain = "grid"
vtn = "grid@xmpp.localhost"
{ACCOUNT % "ven-1"}
"""
CLOCK = "[clock]\norigin = 2026-11-22T12:00:00Z\nspeed = 5.0\n"
TEXTS = {
    "vtn": f'role = "vtn"\nparty = "agg"\nstore = "agg.sqlite"\n{LOWER}{MEMBERS}',
    "gateway": f'role = "gateway"\nparty = "agg"\nstore = "agg.sqlite"\n{CLOCK}{UPPER}{LOWER}',
    "ven": f"""role = "ven"
party = "site-1"
store = "site.sqlite"
{UPPER}
[[resources]]
id = "car"
driver = "simulated"
kind = "ev"
""",
    "operator": f"""role = "operator"
party = "op"
{ACCOUNT % "op"}
[[domains]]
domain = "grid"
vtn = "grid@xmpp.localhost"
pubsub = "pubsub-grid.xmpp.localhost"
members = ["site-1@xmpp.localhost"]
""",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The present folder, with a file of each role."""
    (tmp_path / "p").write_text("secret")
    (tmp_path / "p").chmod(0o600)
    for role, text in TEXTS.items():
        (tmp_path / f"{role}.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def call(folder: Path) -> Callable[..., Result]:
    """Run the program with these arguments."""
    return lambda *arguments: CliRunner().invoke(app, arguments)
