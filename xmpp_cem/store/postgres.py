"""A party's PostgreSQL database, or its schema in one."""

import zlib
from contextlib import ExitStack

from sqlalchemy import URL, Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool

from xmpp_cem.errors import StoreError, StoreUnavailableError

_DRIVER = "postgresql+psycopg"
_LOCK = 0x78_63_65_6D
"""First half of the advisory lock's key: `xcem`."""

_CONNECTING = {
    "application_name": "xmpp-cem",
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
}
_SESSION = (
    "SET tcp_keepalives_idle = 15",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET statement_timeout = '30s'",
)
_IN_USE = "it is in use by another process: stop that, or give each agent its own database"


class PostgresDatabase:
    """One schema of a database, locked by an advisory lock for as long as the connection lives.

    A connection that breaks loses the lock. So each commit also checks that nobody else has
    written since the last one.

    Args:
        url: `postgresql://` or `postgresql+psycopg://`; the options of libpq may follow.

    Raises:
        StoreError: the URL cannot be used.
    """

    is_fenced = True

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise StoreError(f"the URL cannot be read: {error}; correct it") from error
        if parsed.drivername not in {"postgresql", _DRIVER}:
            raise StoreError(f"{parsed.drivername} is not supported: begin the URL with {_DRIVER}")
        self._url = parsed.set(drivername=_DRIVER)
        self.name = parsed.render_as_string(hide_password=True)

    def connect(self, opened: ExitStack, *, again: bool) -> Connection:
        """Connect, take the lock and see that commits will be durable."""
        connection = self._connected(opened)
        for setting in _SESSION:
            connection.exec_driver_sql(setting)
        schema = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
        if schema is None:
            raise StoreError("there is no schema to use: create it, or correct its search_path")
        key = zlib.crc32(str(schema).encode()) - 2**31
        asked = f"SELECT pg_try_advisory_lock({_LOCK}, {key})"
        is_ours = connection.exec_driver_sql(asked).scalar_one()
        connection.commit()
        if not is_ours:
            raise StoreUnavailableError(_IN_USE) if again else StoreError(_IN_USE)
        return connection

    def read(self, opened: ExitStack) -> Connection:
        """Read one instant of the database; the writer is not held up."""
        connection = self._connected(opened)
        connection.begin()
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        return connection

    def settle(self, connection: Connection) -> None:
        """Let a commit return only once it is on the disk, whatever the server's default is."""
        found = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()
        if found in {"off", "local"}:
            connection.exec_driver_sql("SET synchronous_commit = on")
        connection.commit()

    def begin(self, connection: Connection) -> None:
        """Do nothing: the driver begins with the first statement."""

    def _connected(self, opened: ExitStack) -> Connection:
        try:
            engine = create_engine(_patient(self._url), poolclass=NullPool)
        except ModuleNotFoundError as error:
            raise StoreError(
                "the driver psycopg is missing: install xmpp-cem[postgresql]"
            ) from error
        return opened.enter_context(engine.connect())


def _patient(url: URL) -> URL:
    """Return the URL with limits of waiting, where it has none of its own."""
    return url.update_query_dict({**_CONNECTING, **url.query})
