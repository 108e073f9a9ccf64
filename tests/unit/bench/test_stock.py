from pathlib import Path

import pytest

from xmpp_cem.bench.stock import stock_templates

DEPLOY = Path(__file__).parents[3] / "deploy"


def test_stock_templates_keep_all_but_what_finds_the_dead(tmp_path):
    made = stock_templates(DEPLOY, tmp_path)
    prosody = (made / "prosody/prosody.cfg.lua.in").read_text()
    ejabberd = (made / "ejabberd/ejabberd.yml.in").read_text()
    assert "c2s_require_encryption = true" in prosody
    assert 'rate = "10kb/s"' in prosody
    assert "starttls_required: true" in ejabberd
    assert "rate: 3000" in ejabberd
    for word in ("read_timeout", "smacks_hibernation_time", "unlimited_jids"):
        assert word not in prosody
    for word in ("send_pings", "resume_timeout", "ack_timeout"):
        assert word not in ejabberd


def test_a_template_that_has_changed_is_noticed(tmp_path):
    changed = tmp_path / "deploy"
    for name in ("prosody/prosody.cfg.lua.in", "ejabberd/ejabberd.yml.in"):
        (changed / name).parent.mkdir(parents=True)
        (changed / name).write_text("gc = { }\n")
    with pytest.raises(ValueError, match="0 times and not once"):
        stock_templates(changed, tmp_path)
