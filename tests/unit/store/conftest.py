import itertools

import pytest

from xmpp_cem.testing.postgresql import PrivatePostgres, missing

NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres():
    """A server of our own, skipped where the package is not installed."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    server = PrivatePostgres()
    yield server
    server.stop()


@pytest.fixture
def database_url(postgres):
    """The URL of an empty schema."""
    schema = f"party_{next(NUMBERS)}"
    postgres.run(f"CREATE SCHEMA {schema}")
    return postgres.url(schema)
