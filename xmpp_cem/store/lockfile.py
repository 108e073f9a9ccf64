"""One writer per store."""

import fcntl
import os
from pathlib import Path

from xmpp_cem.errors import StoreInUseError


def take_lock(path: Path) -> int:
    """Lock the file `<path>.lock` until its descriptor is closed or the process ends, however.

    A lock of SQLite's own would also shut out those who only read, such as a backup.
    The file stays, because removing it would race with who locks it next.

    Raises:
        StoreInUseError: another store has the lock.
        OSError: the file cannot be made.
    """
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise StoreInUseError(
            "it is in use by another process: stop that, or give each agent its own path"
        ) from error
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
