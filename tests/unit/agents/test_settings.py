from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xmpp_cem.agents.settings import clock_of, credentials_of, vtn_settings
from xmpp_cem.allocations.in_order import ROTATION
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.domains import LowerConfig, MemberConfig
from xmpp_cem.config.roles import ClockConfig
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import Jid
from xmpp_cem.runtime.clock import ScaledClock, SystemClock


@pytest.fixture
def account(tmp_path: Path) -> AccountConfig:
    secret = tmp_path / "secret"
    secret.write_text("pw\n")
    secret.chmod(0o600)
    return AccountConfig(jid="a@h", password_file=secret, host="127.0.0.1", port=5222)


def test_credentials_have_the_connection_and_the_password(account: AccountConfig):
    credentials = credentials_of(account, "provision", priority=-1)
    assert credentials.address == Jid("a@h", "provision")
    assert (credentials.password, credentials.port, credentials.priority) == ("pw", 5222, -1)


def test_a_password_that_is_gone_is_told(account: AccountConfig):
    account.password_file.unlink()
    with pytest.raises(ConfigError, match=r"cannot be read .*; correct its rights"):
        credentials_of(account, "vtn")


def test_the_clock_is_real_unless_configured():
    assert isinstance(clock_of(None), SystemClock)
    clock = ClockConfig(origin=datetime(2026, 1, 1, tzinfo=UTC), speed=2)
    assert isinstance(clock_of(clock), ScaledClock)


def test_a_vtn_gets_what_its_domain_is_configured_with(account: AccountConfig):
    lower = LowerConfig(
        domain="d",
        pubsub="pubsub.h",
        account=account,
        members=(MemberConfig(party="p", account="p@h"),),
        operators=("op@h",),
        report_every="PT1M",
        allocation="rotation",
    )
    settings = vtn_settings("x", lower)
    assert (settings.address, settings.service) == (Jid("a@h", "vtn"), Jid("pubsub.h"))
    assert settings.members == {"p": "p@h"}
    assert (settings.operators, settings.uplink) == (frozenset({"op@h"}), None)
    assert settings.report_every == timedelta(minutes=1)
    assert settings.allocation is ROTATION
