"""The server templates without what they change of Debian's stock settings for liveness."""

import re
import shutil
from pathlib import Path

_CHANGES = {
    "prosody/prosody.cfg.lua.in": (
        (r"(?m)^gc = .*\n", ""),
        (r"(?ms)^network_settings = \{.*?^\}\n", ""),
        (r"(?m)^smacks_hibernation_time = .*\n", ""),
        (r"(?m)^limits = .*$", 'limits = { c2s = { rate = "10kb/s" } }'),
        (r"(?m)^unlimited_jids = .*\n", ""),
    ),
    "ejabberd/ejabberd.yml.in": (
        (r"(?m)^  ven: \{rate: .*$", "  ven: {rate: 3000, burst_size: 20000}"),
        (r"(?m)^  c2s_shaper: .*$", "  c2s_shaper: {ven: all}"),
        (r"(?ms)^  mod_ping:.*?(?=^  mod_pubsub:)", "  mod_ping: {}\n"),
        (r"(?ms)^  mod_stream_mgmt:.*?(?=^  mod_version:)", "  mod_stream_mgmt: {}\n"),
    ),
}


def stock_templates(deploy: Path, folder: Path) -> Path:
    """Write templates with stock pings, time-outs and rate limits; returns their folder.

    What an operator must set for any such program stays: accounts, nodes, encryption.

    Raises:
        ValueError: a template no longer has what is to be taken out.
    """
    made = folder / "stock"
    shutil.copytree(deploy, made)
    for name, changes in _CHANGES.items():
        text = (deploy / name).read_text(encoding="utf-8")
        for pattern, replacement in changes:
            text, count = re.subn(pattern, replacement, text)
            if count != 1:
                raise ValueError(f"{name}: {pattern} is there {count} times and not once")
        (made / name).write_text(text, encoding="utf-8")
    return made
