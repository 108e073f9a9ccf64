"""What differs between a file and a server: how to connect, and how one writer is ensured."""

from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from xmpp_cem.store.postgres import PostgresDatabase
from xmpp_cem.store.sqlite import SqliteFile


class Backend(Protocol):
    """A kind of database; every method runs in the store's thread."""

    @property
    def name(self) -> str:
        """The file, or the database without its password."""
        ...

    @property
    def is_fenced(self) -> bool:
        """Whether each commit checks that nobody else has written since the last one."""
        ...

    def connect(self, opened: ExitStack, *, again: bool) -> Connection:
        """Keep others out and connect; what must be undone at the end goes onto the stack.

        Args:
            opened: undone when the store closes or opening fails.
            again: whether the connection was lost: our old one may still hold the lock.

        Raises:
            StoreUnavailableError: not now.
            StoreError: it is in use by another process, or cannot be used.
        """
        ...

    def read(self, opened: ExitStack) -> Connection:
        """Connect to read beside the writer, inside a transaction that sees one instant.

        Raises:
            StoreError: it is not there, or cannot be read.
        """
        ...

    def settle(self, connection: Connection) -> None:
        """Set what makes commits durable; only once the tables are known to be ours."""
        ...

    def begin(self, connection: Connection) -> None:
        """Begin what changes tables, inside SQLAlchemy's transaction."""
        ...


def fitting(place: Path | str) -> Backend:
    """Return what fits a file's path or a database's URL; raises StoreError for a wrong URL."""
    return SqliteFile(place) if isinstance(place, Path) else PostgresDatabase(place)
