"""What goes wrong with a store's file, and the remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from xmpp_cem.errors import StoreError

_WRITABLE = "let this user write the file and its folder, on a file system that is writable"
_REMEDIES = {
    "SQLITE_FULL": "free space on its disk",
    "SQLITE_READONLY": _WRITABLE,
    "SQLITE_PERM": _WRITABLE,
    "SQLITE_CANTOPEN": _WRITABLE,
    "SQLITE_CORRUPT": "restore a backup",
    "SQLITE_NOTADB": "move the file away, or configure another path",
    "SQLITE_BUSY": "stop the other program that writes to it",
    "SQLITE_IOERR": "check its disk and the system's log",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what files, driver and SQLAlchemy raise into a StoreError with a remedy."""
    try:
        yield
    except StoreError as error:
        raise StoreError(f"store {path}: {error}") from error
    except OSError as error:
        raise StoreError(f"store {path}: {error.strerror}; {_WRITABLE}") from error
    except DBAPIError as error:
        raise StoreError(f"store {path}: {_remedied(error.orig)}") from error
    except sqlite3.Error as error:
        raise StoreError(f"store {path}: {_remedied(error)}") from error


def _remedied(error: BaseException | None) -> str:
    name = getattr(error, "sqlite_errorname", "")
    primary = "_".join(name.split("_")[:2])
    return f"{error}; {_REMEDIES.get(primary, 'report this')}"
