from collections.abc import Callable
from pathlib import Path

import pytest

from xmpp_cem.config.loading import load

Fault = Callable[..., str]
Write = Callable[..., Path]

PASSWORD = 'password_file = "p.password"'
CERTIFICATE = 'certificate = "cert.pem", key_file = "key.pem"'


def test_a_password_is_read_without_white_space(write: Write):
    account = load(write("vtn")).lower.account
    assert (account.proof, account.password()) == ("password", "secret")


def test_a_password_is_not_in_the_text_of_a_configuration(write: Write):
    config = load(write("vtn"))
    assert "secret" not in repr(config)
    assert "secret" not in config.model_dump_json()


def test_a_certificate_is_proof_without_password(write: Write):
    account = load(write("vtn", (PASSWORD, CERTIFICATE))).lower.account
    assert (account.proof, account.password()) == ("certificate", None)


@pytest.mark.parametrize("proof", ["allow_scram_sha1 = true", f"{PASSWORD}, {CERTIFICATE}"])
def test_there_is_exactly_one_proof(fault: Fault, proof: str):
    assert fault("vtn", (PASSWORD, proof)) == (
        "lower.account: there must be one proof; give either password_file or certificate"
    )


@pytest.mark.parametrize("part", ['certificate = "cert.pem"', f'{PASSWORD}, key_file = "key.pem"'])
def test_certificate_and_key_belong_together(fault: Fault, part: str):
    assert fault("vtn", (PASSWORD, part)) == (
        "lower.account: certificate and key_file belong together; give both or neither"
    )


def test_a_key_that_others_can_read_is_refused(fault: Fault, folder: Path):
    (folder / "key.pem").chmod(0o644)
    said = fault("vtn", (PASSWORD, CERTIFICATE))
    assert said.startswith("lower.account.key_file: ")
    assert said.endswith(f"run: chmod 600 {folder}/key.pem")


def test_a_port_needs_its_host(fault: Fault):
    said = fault("vtn", ('host = "127.0.0.1"', "port = 5222"))
    assert said == "lower.account: port is given without host; add host"


def test_a_plain_password_is_no_key(fault: Fault):
    said = fault("vtn", (PASSWORD, 'password = "secret"'))
    assert said == "lower.account.password: unknown key; did you mean password_file?"
