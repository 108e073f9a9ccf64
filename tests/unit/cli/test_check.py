import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Call = Callable[..., Result]

GOLDEN = {
    "vtn": """\
role     vtn agg: the file is valid
below    VTN of sites on ps.xmpp.localhost, vtn-1@xmpp.localhost at 127.0.0.1:1 by password
members  site-1, site-2, site-3, site-4, site-5 and 2 more; operators: op@xmpp.localhost
timing   index every 60 s, readings over 10 s, uplink auto
keeps    FOLDER/agg.sqlite; real time
""",
    "gateway": """\
role     gateway agg: the file is valid
above    VEN in grid of grid@xmpp.localhost/vtn, ven-1@xmpp.localhost at 127.0.0.1:1 by password
below    VTN of sites on ps.xmpp.localhost, vtn-1@xmpp.localhost at 127.0.0.1:1 by password
cascade  firm, members answer 2 s earlier: none; operators: op@xmpp.localhost
keeps    FOLDER/agg.sqlite; simulated time, 5 x from 2026-11-22T12:00:00Z
""",
    "ven": """\
role       ven site-1: the file is valid
above      VEN in grid of grid@xmpp.localhost/vtn, ven-1@xmpp.localhost at 127.0.0.1:1 by password
resources  car (simulated ev)
control    every 1 s; a change of 200 W is told, at most every 10 s; no failsafe
keeps      FOLDER/site.sqlite; real time
""",
    "operator": """\
role     operator op: the file is valid
account  op@xmpp.localhost at 127.0.0.1:1 by password
domains  grid (grid@xmpp.localhost/vtn)
watches  the VTNs, the members they tell and 1 more accounts
keeps    nothing is stored; real time
""",
}


@pytest.mark.parametrize("role", GOLDEN)
def test_five_lines_tell_what_was_understood(call: Call, folder: Path, role: str):
    result = call("check", f"{role}.toml")
    assert result.exit_code == 0
    shown = "".join(f"{line.rstrip()}\n" for line in result.stdout.splitlines())
    assert shown == GOLDEN[role].replace("FOLDER", str(folder))


@pytest.mark.parametrize("role", GOLDEN)
def test_programs_get_the_whole_configuration_without_secrets(call: Call, role: str):
    result = call("check", f"{role}.toml", "--json")
    assert json.loads(result.stdout)["role"] == role
    assert "secret" not in result.stdout


def test_gateways_that_form_a_circle_together_are_refused(call: Call, folder: Path):
    text = (folder / "gateway.toml").read_text()
    turned = text.replace('"grid"', '"x"').replace('"sites"', '"grid"').replace('"x"', '"sites"')
    (folder / "other.toml").write_text(turned)
    assert call("check", "gateway.toml", "--with", "vtn.toml").exit_code == 0
    result = call("check", "gateway.toml", "--with", "other.toml")
    assert result.exit_code != 0
    assert "events would go in a circle" in " ".join(result.stderr.split())


def test_a_fault_is_one_sentence_on_stderr(call: Call, folder: Path):
    path = folder / "vtn.toml"
    path.write_text(path.read_text().replace("pubsub =", "pubsup ="))
    result = call("check", "vtn.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "vtn.toml: lower.pubsub: is missing; "
        "add it (Its pubsub service, on which our account may create nodes.)\n"
        "vtn.toml: lower.pubsup: unknown key; did you mean pubsub?\n"
    )


def test_a_file_that_is_not_there_is_wrong_use(call: Call):
    result = call("check", "nix.toml")
    assert result.exit_code == 2
    assert result.stderr.startswith("nix.toml: file: cannot be read")
