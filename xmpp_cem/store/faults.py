"""What goes wrong with a store, whether it passes by itself, and the remedy."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError

from xmpp_cem.errors import StoreError, StoreUnavailableError

_WRITABLE = "let this user write the file and its folder, on a file system that is writable"
_SPACE = "free space on its disk"
_DISK = "check its disk and the system's log"
_RESTORE = "restore a backup"
_DATABASE = "start the database server, or correct host and port of the store's URL"

_BY_ERRNO = {
    errno.ENOSPC: (_SPACE, True),
    errno.EDQUOT: (_SPACE, True),
    errno.EIO: (_DISK, True),
    errno.ENOENT: ("create its folder, or configure another path", False),
    errno.EISDIR: ("configure the path of a file", False),
}
_BY_SQLITE = {
    "SQLITE_FULL": (_SPACE, True),
    "SQLITE_IOERR": (f"{_SPACE}, or {_DISK}", True),
    "SQLITE_BUSY": ("stop the other program that writes to it", True),
    "SQLITE_LOCKED": ("stop the other program that writes to it", True),
    "SQLITE_READONLY": (_WRITABLE, False),
    "SQLITE_PERM": (_WRITABLE, False),
    "SQLITE_CANTOPEN": (_WRITABLE, False),
    "SQLITE_CORRUPT": (_RESTORE, False),
    "SQLITE_NOTADB": ("move the file away, or configure another path", False),
}
_BY_STATE = {
    "08": (_DATABASE, True),
    "53": ("free space and memory on the database's machine", True),
    "57": (_DATABASE, True),
    "58": ("check the disk and the log of the database's machine", True),
    "40": ("nothing; it is tried again", True),
    "55": ("stop what holds a lock on its tables", True),
    "25": ("connect to the primary, or make the database writable", True),
    "28": ("correct the user or the password, or let the server admit them", False),
    "3D": ("create the database, or correct its name", False),
    "42": ("let the user own the database's schema", False),
    "XX": (_RESTORE, False),
}
"""By class of SQLSTATE."""


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn what files, drivers and SQLAlchemy raise into a StoreError with a remedy.

    Args:
        name: the file, or the database without its password.

    Raises:
        StoreUnavailableError: it may pass by itself, or once somebody has made room.
        StoreError: somebody must mend something first.
    """
    try:
        yield
    except StoreError as error:
        if str(error).startswith("store "):  # explained further in, where more was known
            raise
        raise type(error)(f"store {name}: {error}") from error
    except OSError as error:
        remedy, may_pass = _BY_ERRNO.get(error.errno or 0, (_WRITABLE, False))
        raise _fault(name, str(error.strerror), remedy, may_pass=may_pass) from error
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        remedy, may_pass = _judged(cause, is_operational=isinstance(error, OperationalError))
        text = str(cause).strip().replace("\n", " ")
        raise _fault(name, text, remedy, may_pass=may_pass) from error


def _fault(name: str, what: str, remedy: str, *, may_pass: bool) -> StoreError:
    kind = StoreUnavailableError if may_pass else StoreError
    return kind(f"store {name}: {what}; {remedy}")


def _judged(cause: BaseException | None, *, is_operational: bool) -> tuple[str, bool]:
    if isinstance(cause, sqlite3.Error):
        name = getattr(cause, "sqlite_errorname", "")
        return _BY_SQLITE.get("_".join(name.split("_")[:2]), ("report this", False))
    state = getattr(cause, "sqlstate", None)
    if state is None and is_operational:  # the driver itself: no connection, or a lost one
        return _DATABASE, True
    return _BY_STATE.get(str(state)[:2], ("report this", False))
