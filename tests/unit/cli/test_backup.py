import asyncio
import json
from collections.abc import Callable
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
        "revision": "0002",
        "records": {"vtn": 1},
        "outbox": 0,
        "replies": 0,
        "inputs": 1,
        "last": "2025-04-10T12:00:00.000000+00:00",
        "faults": [],
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
    assert json.loads(result.stdout)["faults"] == ["table journal: row 1 is damaged"]
    told = call("backup", "--check", "vtn.toml")
    assert (told.exit_code, "damaged" in told.stdout) == (1, True)
    assert told.stderr.endswith("table journal: row 1 is damaged; restore a backup\n")
    assert call("backup", "vtn.toml", "copy").exit_code == 1
    assert not (folder / "copy").exists()


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
