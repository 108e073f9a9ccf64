"""What holds for all tests: which run beside each other, and how long one may take."""

import os
import re
from pathlib import PurePath
from zlib import crc32

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# How long an example takes says more of what else the machine does; each test has its own limit.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("patient"), max_examples=25)
settings.load_profile("patient")

HEAVY = frozenset({"test_chaos.py", "test_demo.py", "test_kills.py", "test_many_members.py"})
"""These run a dozen processes or a hundred connections: one of them at a time."""

REAL_SERVERS = frozenset({"prosody", "ejabberd"})

PATIENCE = 300
"""Seconds at least for what gives way to other tests: a test hangs that takes longer."""


def group_of(nodeid):
    """Return with which tests a test is played one after the other; empty: with none.

    Tests on real servers mostly wait, and measure how long things take: many at once would
    disturb them.
    """
    place, _, rest = nodeid.partition("::")
    path = PurePath(place)
    servers = REAL_SERVERS & set(re.findall("[a-z]+", rest.partition("[")[2]))
    if path.name in HEAVY:
        return "heavy"
    kind = path.parts[1]
    if not servers and kind != "live":
        return ""
    half = crc32(path.name.encode()) % 2 if kind == "conversations" else 0
    return f"{kind} {min(servers, default='prosody')} {half}"


class Groups(LoadScopeScheduling):
    """Plays each group on one worker, and every other test wherever there is room."""

    def _split_scope(self, nodeid):
        return group_of(nodeid) or nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    return Groups(config, log)


def pytest_collection_modifyitems(items):
    """Begin with the heavy ones, beside all that only reckon; then play what needs a server."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        if callspec and "postgresql" in callspec.params.values():
            item.add_marker(pytest.mark.slow)
        own = item.get_closest_marker("timeout")
        if not group_of(item.nodeid) and (own is None or own.args[0] < PATIENCE):
            item.add_marker(pytest.mark.timeout(PATIENCE), append=False)
    items.sort(key=lambda item: {"heavy": 0, "": 1}.get(group_of(item.nodeid), 2))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Have what only reckons give way to what measures time; root alone may take that back."""
    gives_way = os.geteuid() == 0 and not group_of(item.nodeid)
    if gives_way:
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    try:
        return (yield)
    finally:
        if gives_way:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
