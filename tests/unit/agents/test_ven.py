import pytest

from xmpp_cem import OptIn, Sample, Ven
from xmpp_cem.errors import ConfigError

VEN = """
role = "ven"
party = "site-1"
store = "site-1.sqlite"
[upper]
domain = "grid"
vtn = "vtn-grid@xmpp.localhost"
account = { jid = "site-1@xmpp.localhost", password_file = "p", host = "127.0.0.1" }
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / "p").write_text("made up")
    (tmp_path / "p").chmod(0o600)
    (tmp_path / "site.toml").write_text(VEN)
    return tmp_path / "site.toml"


def test_a_file_of_another_role_is_refused_with_the_remedy(config):
    operator = VEN[: VEN.index("store")].replace('"ven"', '"operator"')
    account = VEN[VEN.index("account") :]
    domains = '[[domains]]\ndomain = "grid"\nvtn = "v@h"\npubsub = "p.h"\n'
    config.write_text(operator + account + domains)
    with pytest.raises(ConfigError, match='a VEN needs role = "ven"'):
        Ven(config)


async def test_a_ven_without_a_meter_does_not_start(config):
    with pytest.raises(ConfigError, match=r"decorate an async function with @ven\.meter"):
        await Ven(str(config)).serve()


async def test_decorated_functions_stay_what_they_are(config):
    ven = Ven(config)

    @ven.on_event
    async def decide(_event, power_w):
        return OptIn(power_w)

    @ven.on_set_point
    async def act(_set_point):
        return None

    @ven.meter
    async def read():
        return [Sample(resource="r", power_w=1)]

    assert await decide(None, -5) == OptIn(-5)
    assert await act(None) is None
    assert (await read())[0].power_w == 1


async def test_a_store_that_cannot_be_used_is_told_and_not_tried_for_ever(config):
    from xmpp_cem.errors import StoreError

    (config.parent / "site-1.sqlite").mkdir()
    ven = Ven(config)

    @ven.meter
    async def read():
        return []

    with pytest.raises(StoreError):
        await ven.serve()
