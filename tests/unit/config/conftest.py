import json
from collections.abc import Callable
from pathlib import Path

import pytest

from xmpp_cem.config.loading import load
from xmpp_cem.errors import ConfigError

ACCOUNT = '{ jid = "%s@xmpp.localhost", password_file = "p.password", host = "127.0.0.1" }'

UPPER = f"""
[upper]
domain = "grid"
vtn = "grid@xmpp.localhost"
account = {ACCOUNT % "agg-1"}
"""

LOWER = f"""
[lower]
domain = "agg-1-sites"
pubsub = "pubsub-agg-1-sites.xmpp.localhost"
account = {ACCOUNT % "vtn-1"}
uplink = "auto"
heartbeat = "PT60S"
report_every = "PT10S"
operators = ["op@xmpp.localhost"]
[[lower.members]]
party = "site-1"
account = "site-1@xmpp.localhost"
[[lower.members]]
party = "site-2"
account = "site-2@xmpp.localhost"
"""

TEXTS = {
    "gateway": f'role = "gateway"\nparty = "agg-1"\nstore = "agg-1.sqlite"\n{UPPER}{LOWER}'
    '[cascade]\nanswer_margin = "PT3S"\n',
    "vtn": f'role = "vtn"\nparty = "agg-1"\nstore = "agg-1.sqlite"\n{LOWER}',
    "ven": f"""role = "ven"
party = "site-1"
store = "site-1.sqlite"
{UPPER}
[control]
every = "PT0.5S"
[[resources]]
id = "battery"
driver = "simulated"
kind = "battery"
rated_charge_w = 5000
rated_discharge_w = 4000
capacity_wh = 10000
button = "override"
[[resources]]
id = "pump"
driver = "simulated"
kind = "heat-pump"
rated_w = 3000
profile = "heat.json"
offset = "PT3H"
""",
    "operator": f"""role = "operator"
party = "op"
account = {ACCOUNT % "op"}
[clock]
origin = 2026-11-22T12:00:00Z
speed = 5.0
[[domains]]
domain = "grid"
vtn = "grid@xmpp.localhost"
pubsub = "pubsub-grid.xmpp.localhost"
[[domains]]
domain = "agg-1-sites"
vtn = "agg-1@xmpp.localhost/vtn-2"
pubsub = "pubsub-agg-1-sites.xmpp.localhost"
members = ["site-1@xmpp.localhost"]
""",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the texts name."""
    for name in ("p.password", "key.pem"):
        (tmp_path / name).write_text("secret\n")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "cert.pem").write_text("public")
    profile = {"source": "t", "resource": "t", "start": "2025-04-10T00:00:00Z"}
    (tmp_path / "heat.json").write_text(json.dumps(profile | {"step_s": 43_200, "power_w": [1, 2]}))
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    """Write a role's text, each `old` in it replaced by `new`, and return its path."""

    def written(role: str, *changes: tuple[str, str]) -> Path:
        text = TEXTS[role]
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = folder / f"{role}.toml"
        path.write_text(text)
        return path

    return written


@pytest.fixture
def fault(write: Callable[..., Path]) -> Callable[..., str]:
    """Return what is said about a changed text, without the path."""

    def said(role: str, *changes: tuple[str, str]) -> str:
        path = write(role, *changes)
        with pytest.raises(ConfigError) as caught:
            load(path)
        lines = str(caught.value).splitlines()
        assert all(line.startswith(f"{path}: ") for line in lines)
        return "\n".join(line.removeprefix(f"{path}: ") for line in lines)

    return said
