from pathlib import Path

import pytest

from xmpp_cem.config.loading import load
from xmpp_cem.config.storing import RetentionConfig, store_name
from xmpp_cem.errors import ConfigError

URL = "postgresql+psycopg://cem:top-secret@db.example.org:5432/cem?sslmode=verify-full"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "p").write_text("secret")
    (tmp_path / "p").chmod(0o600)

    def file(store: str, more: str = "") -> Path:
        path = tmp_path / "vtn.toml"
        path.write_text(
            f'role = "vtn"\nparty = "agg"\nstore = {store}\n{more}\n'
            '[lower]\ndomain = "d"\npubsub = "ps.x"\n'
            'account = { jid = "v@x", password_file = "p" }\n'
        )
        return path

    return file


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_store_may_be_a_database(write, scheme):
    assert load(write(f'"{scheme}://u@h/db"')).store == f"{scheme}://u@h/db"


def test_a_store_is_else_a_path_from_the_files_folder(write, tmp_path):
    assert load(write('"a.sqlite"')).store == tmp_path / "a.sqlite"


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        ('"mysql://u@h/db"', r"store: mysql:// is not supported; .*postgresql\+psycopg://"),
        ('"postgresql+asyncpg://u@h/db"', "asyncpg:// is not supported"),
        ('"postgresql://u@h/"', "names no database; end the URL with /database"),
        ('"postgresql://u:pw@h"', r"u:\*\*\*@h names no database"),
        ('"nowhere/a.sqlite"', "store: there is no folder .*nowhere; create it"),
        ("7", "store: 7 is no path; write it in quotes"),
    ],
)
def test_what_cannot_be_a_store_is_told_with_the_remedy(write, store, reason):
    with pytest.raises(ConfigError, match=reason) as caught:
        load(write(store))
    assert len(str(caught.value).splitlines()) == 1


def test_a_password_is_never_shown(write):
    config = load(write(f'"{URL}"'))
    assert config.store == URL
    assert "top-secret" not in config.model_dump_json() + store_name(config.store)
    assert store_name(config.store) == URL.replace("top-secret", "***")


def test_retention_has_defaults_and_bounds(write):
    assert load(write('"a"')).retention == RetentionConfig()
    more = '[retention]\njournal_rows = 500\nreplies_for = "P3D"'
    assert load(write('"a"', more)).retention.journal_rows == 500
    with pytest.raises(ConfigError, match=r"retention.replies_for: 3600 s is out of range"):
        load(write('"a"', '[retention]\nreplies_for = "PT1H"'))
