import asyncio
import hashlib
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from xmpp_cem.model.keeping import Batch, Journalled, Row
from xmpp_cem.store.database import DatabaseStore

Call = Callable[..., Result]
NOON = datetime(2025, 4, 10, 12, tzinfo=UTC)
BATCH = Batch(put=[Row("vtn", "", b"{}")], journal=[Journalled(NOON, "x", b"payload" * 50)])


def used(path: Path, then: Callable[[], object] = lambda: None) -> object:
    """Fill a store, and do something while it is open."""

    async def use():
        store = DatabaseStore(path)
        await store.open()
        try:
            await store.commit(BATCH)
            return await asyncio.to_thread(then)
        finally:
            await store.close()

    return asyncio.run(use())


def test_a_store_is_copied_while_its_agent_has_it_open(call: Call, folder: Path):
    result = used(folder / "agg.sqlite", lambda: call("backup", "vtn.toml", "copy.sqlite"))
    assert (result.exit_code, result.stderr) == (0, "")
    assert "copy.sqlite: copied" in result.stdout
    assert "1 vtn" in result.stdout
    checked = call("backup", "--check", "copy.sqlite", "--json")
    assert json.loads(checked.stdout) == {
        "store": "copy.sqlite",
        "revision": "0004",
        "records": {"vtn": 1},
        "outbox": 0,
        "replies": 0,
        "inputs": 1,
        "last": "2025-04-10T12:00:00.000000+00:00",
        "faults": [],
        "head": hashlib.sha256(
            b"32:2025-04-10T12:00:00.000000+00:001:x350:" + b"payload" * 50
        ).hexdigest(),
        "breaks": [],
        "ok": True,
    }


def test_a_store_is_checked_by_its_configuration(call: Call, folder: Path):
    used(folder / "agg.sqlite")
    result = call("backup", "--check", "vtn.toml")
    assert result.exit_code == 0
    assert "agg.sqlite: checked" in result.stdout
    assert "whole" in result.stdout


def test_damage_is_exit_code_1_with_the_place_and_the_remedy(call: Call, folder: Path):
    path = folder / "agg.sqlite"
    used(path)
    path.write_bytes(path.read_bytes().replace(b"payloadpayload", b"payloadpaxload", 1))
    result = call("backup", "--check", "vtn.toml", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["faults"] == ["table journal: row 1 is damaged"]
    assert len(told["breaks"]) == 1
    told = call("backup", "--check", "vtn.toml")
    assert (told.exit_code, "damaged" in told.stdout) == (1, True)
    assert "table journal: row 1 is damaged; restore a backup\n" in told.stderr
    assert call("backup", "vtn.toml", "copy").exit_code == 1
    assert not (folder / "copy").exists()


def test_a_journal_that_was_tampered_with_is_exit_code_1_with_the_place(call: Call, folder: Path):
    path = folder / "agg.sqlite"
    used(path)
    used(path)
    head = json.loads(call("backup", "--check", "vtn.toml", "--json").stdout)["head"]
    assert call("backup", "--check", "vtn.toml", "--head", head.upper()).exit_code == 0
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal WHERE seq = 1")
    told = call("backup", "--check", "vtn.toml")
    assert told.exit_code == 1
    assert "broken" in told.stdout
    assert "agg.sqlite: journal: row 2 of 2025-04-10T12:00:00" in told.stderr
    assert told.stderr.endswith("taken away; keep a copy, and find out why\n")
    found = json.loads(call("backup", "--check", "vtn.toml", "--json").stdout)
    assert (found["ok"], found["faults"], len(found["breaks"])) == (False, [], 1)
    copied = call("backup", "vtn.toml", "copy", "--json")
    assert (copied.exit_code, len(json.loads(copied.stdout)["breaks"])) == (1, 1)
    assert call("backup", "--check", "copy").exit_code == 1


def test_a_head_that_the_journal_does_not_have_is_exit_code_1(call: Call, folder: Path):
    used(folder / "agg.sqlite")
    result = call("backup", "--check", "vtn.toml", "--head", "ab" * 32)
    assert result.exit_code == 1
    assert f"journal: {'ab' * 32} is no value of it" in result.stderr


def test_a_copy_is_put_back_into_an_empty_store_only(call: Call, folder: Path):
    used(folder / "agg.sqlite")
    assert call("backup", "vtn.toml", "copy").exit_code == 0
    refused = call("backup", "vtn.toml", "copy", "--restore")
    assert refused.exit_code == 1
    assert "it is not empty: move it away" in refused.stderr
    for path in folder.glob("agg.sqlite*"):
        path.unlink()
    result = call("backup", "vtn.toml", "copy", "--restore")
    assert (result.exit_code, "agg.sqlite: restored" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("vtn.toml",), "there is no COPY"),
        (("vtn.toml", "p"), "p exists already"),
        (("operator.toml", "copy"), "an operator stores nothing"),
        (("vtn.toml", "copy", "--check"), "leave out COPY"),
        (("p", "--check"), "p: file: is not TOML"),
        (("vtn.toml", "--check", "--head", "abc"), "is 64 hexadecimal digits"),
        (("vtn.toml", "copy", "--head", "ab" * 32), "goes with --check"),
    ],
)
def test_wrong_use_is_exit_code_2(call: Call, arguments: tuple[str, ...], text: str):
    result = call("backup", *arguments)
    assert result.exit_code == 2
    assert text in result.stderr


def test_a_store_that_is_not_there_yet_is_told(call: Call):
    result = call("backup", "vtn.toml", "copy")
    assert result.exit_code == 1
    assert "agg.sqlite: there is no such file: start its agent once" in result.stderr
