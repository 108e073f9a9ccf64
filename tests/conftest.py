"""What holds for all tests: which run beside each other, and how long one may take."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
HEAVY = frozenset({"test_chaos.py", "test_demo.py", "test_kills.py", "test_many_members.py"})
"""These run a dozen processes or a hundred connections: one of them at a time."""

REAL_SERVERS = frozenset({"prosody", "ejabberd"})


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Run the tests of each folder and server one after the other, beside all that need no time.

    They mostly wait, and measure how long things take: many of them at once would disturb them.
    """
    for item in items:
        kind = item.path.relative_to(HERE).parts[0]
        callspec = getattr(item, "callspec", None)
        given = {str(value) for value in callspec.params.values()} if callspec else set()
        servers = REAL_SERVERS & given
        if item.path.name in HEAVY:
            item.add_marker(pytest.mark.xdist_group("heavy"))
        elif servers or kind == "live":
            item.add_marker(pytest.mark.xdist_group(f"{kind} {min(servers, default='prosody')}"))
        if "postgresql" in given:
            item.add_marker(pytest.mark.slow)
        if kind == "properties":
            item.add_marker(pytest.mark.timeout(60))
