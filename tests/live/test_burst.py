"""A flood of reports and parties that stand still lose no event, and cost little memory."""

import pytest

from xmpp_cem.bench import burst
from xmpp_cem.bench.detect import Options
from xmpp_cem.testing.server import missing

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.mark.parametrize("kind", ["prosody", "ejabberd"])
async def test_no_event_is_lost_in_a_flood_nor_where_a_party_stands_still(kind, tmp_path, capsys):
    if reason := missing(kind):
        pytest.skip(reason)
    figures = await burst.measure(Options(kind, 1, 0), burst.Flood(600, 6), tmp_path)
    assert burst.is_good(figures), figures
    assert sum(figures["flood"]["reports"].values()) == 600
    assert figures["flood"]["reports"]["taken"] > 0
    if kind == "ejabberd":
        assert figures["flood by publish"]["reports"]["published"] == 600
    assert figures["site frozen"]["events"] >= 4
    assert "0 lost" in capsys.readouterr().out
