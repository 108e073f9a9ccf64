import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme

from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import Jid
from xmpp_cem.xmpp.credentials import Credentials

VEN = Jid("ven@a.b", "ven")


@pytest.fixture
def pki(tmp_path):
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("ven.a.b")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return tmp_path


def test_a_password_is_never_shown():
    assert "hidden-one" not in repr(Credentials(VEN, "hidden-one"))


def test_scram_sha_1_needs_permission_and_plain_is_never_there():
    assert Credentials(VEN, "p").mechanisms == {"SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"}
    assert "SCRAM-SHA-1" in Credentials(VEN, "p", allow_scram_sha1=True).mechanisms
    certificate = Credentials(VEN, certificate=Path("c"), key=Path("k"), allow_scram_sha1=True)
    assert certificate.mechanisms == {"EXTERNAL"}


def test_tls_is_verified_and_recent(pki):
    context = Credentials(VEN, "p", ca_file=pki / "ca.pem").tls_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_equal_files_share_a_context_and_renewed_ones_do_not(pki):
    credentials = Credentials(VEN, "p", ca_file=pki / "ca.pem")
    first = credentials.tls_context()
    assert credentials.tls_context() is first
    trustme.CA().cert_pem.write_to_path(pki / "ca.pem")
    assert credentials.tls_context() is not first


def test_a_certificate_is_loaded(pki):
    Credentials(VEN, certificate=pki / "cert.pem", key=pki / "key.pem").tls_context()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "either a password or a certificate"),
        ({"password": "p", "certificate": "cert.pem", "key": "key.pem"}, "either"),
        ({"certificate": "cert.pem"}, "needs its key"),
        ({"password": "p", "key": "key.pem"}, "needs its key"),
        ({"password": "p", "ca_file": "missing.pem"}, "ca_file .*missing.pem"),
        ({"certificate": "cert.pem", "key": "missing.pem"}, "key .*missing.pem"),
        ({"certificate": "ca.pem", "key": "key.pem"}, "unusable"),
        ({"password": "p", "ca_file": "key.pem"}, "unusable"),
    ],
)
def test_credentials_that_cannot_work_are_refused(pki, fields, reason):
    paths = {k: v if k == "password" else pki / v for k, v in fields.items()}
    with pytest.raises(ConfigError, match=reason):
        Credentials(VEN, **paths).tls_context()


def test_when_a_certificate_ends_is_read_from_its_file_as_it_is_now(pki):
    credentials = Credentials(VEN, certificate=pki / "cert.pem", key=pki / "key.pem")
    ends = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    renewed = trustme.CA().issue_cert("ven.a.b", not_after=ends)
    assert credentials.certificate_ends > ends
    renewed.cert_chain_pems[0].write_to_path(pki / "cert.pem")
    assert credentials.certificate_ends == ends
    (pki / "cert.pem").write_text("nonsense")
    assert credentials.certificate_ends is None
    (pki / "cert.pem").unlink()
    assert credentials.certificate_ends is None
    assert Credentials(VEN, "p").certificate_ends is None
