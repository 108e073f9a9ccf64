"""What holds for all tests: who shares a processor core, and how long one may take."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
REAL_SERVERS = frozenset({"prosody", "ejabberd"})


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items):
    """Run tests of real servers one after the other, beside all others that need no time to pass.

    They measure how long things take, so that two of them at once would disturb each other.
    """
    for item in items:
        kind = item.path.relative_to(HERE).parts[0]
        given = getattr(item, "callspec", None)
        if kind == "live" or (given and REAL_SERVERS & {str(v) for v in given.params.values()}):
            item.add_marker(pytest.mark.xdist_group("servers"))
        if kind == "properties":
            item.add_marker(pytest.mark.timeout(60))
