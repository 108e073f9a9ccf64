from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from xmpp_cem.config.fields import Bounds, seconds
from xmpp_cem.config.loading import load

Fault = Callable[..., str]
Write = Callable[..., Path]


def test_relative_paths_start_at_the_file(
    write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    path = write("ven")
    monkeypatch.chdir("/")
    config = load(path)
    assert config.store == folder / "site-1.sqlite"
    assert config.upper.account.password_file == folder / "p.password"
    assert config.resources[0].settings.button == folder / "override"
    assert config.resources[1].settings.profile == folder / "heat.json"


def test_a_relative_configuration_path_gives_absolute_paths(
    write: Write, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    write("vtn")
    monkeypatch.chdir(folder)
    assert load(Path("vtn.toml")).store == folder / "agg-1.sqlite"


def test_absolute_paths_stay(write: Write, tmp_path: Path):
    config = load(write("vtn", ('"agg-1.sqlite"', f'"{tmp_path}/x.sqlite"')))
    assert config.store == tmp_path / "x.sqlite"


def test_a_missing_secret_is_named(fault: Fault, folder: Path):
    said = fault("vtn", ("p.password", "q.password"))
    assert said == (
        f"lower.account.password_file: there is no file {folder}/q.password; "
        "create it or correct the path"
    )


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602])
def test_a_secret_that_others_can_read_is_refused(fault: Fault, folder: Path, mode: int):
    secret = folder / "p.password"
    secret.chmod(mode)
    assert fault("vtn") == (
        f"lower.account.password_file: {secret} can be read by others (mode {mode:03o}); "
        f"run: chmod 600 {secret}"
    )


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o440])
def test_a_secret_of_its_owner_is_taken(write: Write, folder: Path, mode: int):
    path = write("vtn")
    (folder / "p.password").chmod(mode)
    assert load(path).lower.account.password() == "secret"


def test_an_empty_secret_is_refused(fault: Fault, folder: Path):
    (folder / "p.password").write_text(" \n")
    assert "is empty; write the password into it" in fault("vtn")


def test_a_store_needs_its_folder(fault: Fault, folder: Path):
    said = fault("vtn", ('"agg-1.sqlite"', '"data/agg-1.sqlite"'))
    assert said == f"store: there is no folder {folder}/data; create it or correct the path"


def test_an_account_is_written_without_connection(fault: Fault):
    said = fault("vtn", ('"op@xmpp.localhost"', '"op@xmpp.localhost/x"'))
    assert said == (
        "lower.operators[0]: 'op@xmpp.localhost/x' must be an account; write it as local@host"
    )


def test_a_vtn_is_an_account(fault: Fault):
    said = fault("gateway", ('vtn = "grid@xmpp.localhost"', 'vtn = "xmpp.localhost"'))
    assert said == (
        "upper.vtn: 'xmpp.localhost' must be an account; write it as local@host or local@host/vtn"
    )


def test_a_pubsub_service_is_a_host(fault: Fault):
    said = fault("vtn", ('pubsub = "pubsub', 'pubsub = "a@pubsub'))
    assert said.endswith("must be a pubsub service; write its host name alone")


def test_what_is_no_address_is_told(fault: Fault):
    said = fault("vtn", ('"op@xmpp.localhost"', '"op @ host"'))
    assert said == (
        "lower.operators[0]: 'op @ host' is not an XMPP address (local@host); correct it"
    )


def test_addresses_are_compared_in_lower_case(write: Write):
    config = load(write("vtn", ('"op@xmpp.localhost"', '"OP@XMPP.localhost"')))
    assert config.lower.operators == ("op@xmpp.localhost",)


@pytest.mark.parametrize("text", ["60", "60.0", '"60"', '"60s"', '"00:01:00"', "true"])
def test_a_duration_needs_its_unit(fault: Fault, text: str):
    said = fault("vtn", ('"PT60S"', text))
    assert said.startswith("lower.heartbeat: ")
    assert said.endswith("is no ISO 8601 duration; write it as PT10S or PT5M")


@pytest.mark.parametrize(("text", "found"), [("PT9S", "9 s"), ("PT301S", "301 s")])
def test_a_heartbeat_is_10_to_300_s(fault: Fault, text: str, found: str):
    said = fault("vtn", ("PT60S", text))
    assert said == f"lower.heartbeat: {found} is out of range; choose 10 s to 300 s"


def test_a_heartbeat_is_in_whole_seconds(fault: Fault):
    said = fault("vtn", ("PT60S", "PT10.5S"))
    assert said == "lower.heartbeat: 10.5 s is too fine; use multiples of 1 s"


def test_a_port_is_a_port(fault: Fault):
    said = fault("vtn", ('host = "127.0.0.1"', 'host = "127.0.0.1", port = 65536'))
    assert said.startswith("lower.account.port: input should be less than or equal to 65535")


def test_bounds_and_lengths_are_written_for_people():
    assert str(Bounds(0.1, 60)) == "0.1 s to 60 s"
    assert seconds(timedelta(minutes=1.5)) == "90 s"
