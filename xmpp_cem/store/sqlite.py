"""A party's SQLite file."""

import os
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.pool import NullPool

from xmpp_cem.errors import StoreError
from xmpp_cem.store.lockfile import take_lock

IN_MEMORY = Path(":memory:")

_BUSY_S = 5.0
_LARGEST_LOG = 16 * 2**20
"""Bytes that the write-ahead log keeps on the disk once it was folded into the file."""

_SETTINGS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"journal_size_limit={_LARGEST_LOG}",
)


def fresh(path: Path, opened: ExitStack) -> Connection:
    """Return a connection to a new file that only its owner can read.

    Raises:
        OSError: the file exists, or cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return _connected(str(path), opened)


class SqliteFile:
    """One file, locked by a file beside it and readable by its owner alone."""

    is_fenced = False

    def __init__(self, path: Path) -> None:
        self._path = path if path == IN_MEMORY else path.resolve()
        self.name = str(path)

    def connect(
        self,
        opened: ExitStack,
        *,
        again: bool,  # noqa: ARG002 a file's lock ends with its holder
    ) -> Connection:
        """Lock the file, make it if it is missing and see that its pages are whole."""
        if self._path != IN_MEMORY:
            opened.callback(os.close, take_lock(self._path))
            # made here because SQLite would let everybody read it
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = _connected(str(self._path), opened)
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        connection.rollback()
        if found != "ok":
            what = str(found).replace("*** in database main ***", "").replace("\n", " ").strip()
            raise StoreError(f"its file is damaged: {what}; restore a backup")
        return connection

    def read(self, opened: ExitStack) -> Connection:
        """Read one instant of the file; the writer is not held up."""
        if not self._path.is_file():
            raise StoreError("there is no such file: start its agent once, or correct the path")
        connection = _connected(self._path.as_uri(), opened, {"mode": "ro", "uri": "true"})
        connection.begin()
        connection.exec_driver_sql("BEGIN")
        return connection

    def settle(self, connection: Connection) -> None:
        """Use a write-ahead log that is on the disk before a commit returns."""
        for setting in _SETTINGS:
            connection.exec_driver_sql(f"PRAGMA {setting}")
        connection.commit()

    def begin(self, connection: Connection) -> None:
        """Begin, because the driver by itself would commit after every CREATE."""
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _connected(
    database: str, opened: ExitStack, options: dict[str, str] | None = None
) -> Connection:
    engine = create_engine(
        URL.create("sqlite", database=database, query=options or {}),
        poolclass=NullPool,
        paramstyle="named",
        connect_args={"timeout": _BUSY_S},
    )
    return opened.enter_context(engine.connect())
