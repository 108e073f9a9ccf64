import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import pytest

from xmpp_cem.errors import StoreError
from xmpp_cem.store.lockfile import take_lock


def test_a_second_lock_is_refused_until_the_first_ends(tmp_path):
    path = tmp_path / "store.sqlite"
    first = take_lock(path)
    with pytest.raises(StoreError, match="in use by another process"):
        take_lock(path)
    os.close(first)
    os.close(take_lock(path))


async def test_a_killed_process_leaves_no_lock(tmp_path):
    path = tmp_path / "store.sqlite"
    code = (
        "import pathlib, sys; from xmpp_cem.store.lockfile import take_lock;"
        "take_lock(pathlib.Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(path), stdin=PIPE, stdout=PIPE
    )
    assert await child.stdout.readline() == b"locked\n"
    with pytest.raises(StoreError, match="in use by another process"):
        take_lock(path)
    child.kill()
    await child.wait()
    os.close(take_lock(path))
