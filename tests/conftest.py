"""What holds for all tests: which run beside each other, and how long one may take."""

import os
from pathlib import Path
from zlib import crc32

import pytest

HERE = Path(__file__).parent
HEAVY = frozenset({"test_chaos.py", "test_demo.py", "test_kills.py", "test_many_members.py"})
"""These run a dozen processes or a hundred connections: one of them at a time."""

REAL_SERVERS = frozenset({"prosody", "ejabberd"})


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Begin with the heavy ones, beside all that only reckon; then play those that need a server.

    The latter mostly wait, and measure how long things take: many at once would disturb them. So
    those of one folder and server are in two groups, and those of a group run one by one.
    """
    for item in items:
        kind = item.path.relative_to(HERE).parts[0]
        callspec = getattr(item, "callspec", None)
        given = {str(value) for value in callspec.params.values()} if callspec else set()
        servers = REAL_SERVERS & given
        if item.path.name in HEAVY:
            item.add_marker(pytest.mark.xdist_group("heavy"))
        elif servers or kind == "live":
            half = crc32(item.path.name.encode()) % 2 if kind == "conversations" else 0
            group = f"{kind} {min(servers, default='prosody')} {half}"
            item.add_marker(pytest.mark.xdist_group(group))
        if "postgresql" in given:
            item.add_marker(pytest.mark.slow)
        if kind == "properties":
            item.add_marker(pytest.mark.timeout(120))
    items.sort(key=_turn)


def _turn(item):
    group = item.get_closest_marker("xdist_group")
    return 1 if group is None else 0 if group.args == ("heavy",) else 2


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Have what only reckons give way to what measures time; root alone may take that back."""
    gives_way = os.geteuid() == 0 and item.get_closest_marker("xdist_group") is None
    if gives_way:
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    try:
        return (yield)
    finally:
        if gives_way:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
