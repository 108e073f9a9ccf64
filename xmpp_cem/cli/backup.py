"""The command `backup`: a store copied, checked or put back."""

from dataclasses import asdict
from pathlib import Path
from string import hexdigits
from typing import TYPE_CHECKING, Annotated

import typer

from xmpp_cem.cli.arguments import AsJson
from xmpp_cem.cli.failures import FAILED
from xmpp_cem.cli.output import show_error, show_json, show_pairs
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.errors import ConfigError

if TYPE_CHECKING:  # it brings the database library
    from xmpp_cem.store.copying import Survey

_SQLITE = b"SQLite format 3\0"
_DIGITS = 64

Of = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="The agent's configuration (TOML); with --check also a copy."
    ),
]
Copy = Annotated[Path | None, typer.Argument(metavar="COPY", help="The file of the copy.")]
Check = Annotated[bool, typer.Option("--check", help="Only read the store, or a copy of one.")]
Back = Annotated[
    bool, typer.Option("--restore", help="Put COPY into the store, which must be empty.")
]
Head = Annotated[
    str,
    typer.Option(
        "--head", metavar="VALUE", help="With --check: an earlier head that the journal still has."
    ),
]


def backup(
    file: Of,
    copy: Copy = None,
    check: Check = False,
    restore: Back = False,
    head: Head = "",
    as_json: AsJson = False,
) -> None:
    """Copy an agent's store while it runs, and check the copy.

    Exit code 1 for a store that is damaged, or whose journal was tampered with.
    """
    from xmpp_cem.store import copying

    if head and not (check and _is_head(head)):
        raise ConfigError("--head VALUE goes with --check, and is 64 hexadecimal digits")
    if check:
        if copy or restore:
            raise ConfigError("--check reads one store; leave out COPY and --restore")
        survey, did = copying.check(_store(file, or_itself=True), head.lower()), "checked"
    elif copy is None:
        raise ConfigError("there is no COPY; name the file to write, or give --check")
    elif restore:
        survey, did = copying.restore(copy, _store(file)), "restored"
    elif copy.exists():
        raise ConfigError(f"{copy} exists already; name another file or move it away")
    else:
        survey, did = copying.back_up(_store(file), copy), "copied"
    _show(survey, did, as_json=as_json)
    if survey.faults or survey.breaks:
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(backup)


def _store(file: Path, *, or_itself: bool = False) -> Path | str:
    """Return where the agent of a configuration keeps what it knows."""
    if or_itself and _is_store(file):
        return file
    config = load(file)
    if isinstance(config, OperatorConfig):
        raise ConfigError(f"{file}: role: an operator stores nothing; give an agent's file")
    return config.store


def _is_store(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _is_head(text: str) -> bool:
    return len(text) == _DIGITS and set(text.lower()) <= set(hexdigits)


def _show(survey: "Survey", did: str, *, as_json: bool) -> None:
    if as_json:
        told = {"faults": list(survey.faults), "breaks": list(survey.breaks)}
        show_json({**asdict(survey), **told, "ok": not any(told.values())})
        return
    records = ", ".join(f"{count} {kind}" for kind, count in survey.records.items())
    show_pairs(
        [
            ("store", f"{survey.store}: {did}"),
            ("state", "damaged" if survey.faults else "whole"),
            ("schema", survey.revision or "not readable"),
            ("records", records or "none"),
            ("outbox", f"{survey.outbox} to be sent"),
            ("past", f"{survey.replies} answers, {survey.inputs} inputs"),
            ("last", survey.last or "nothing"),
            ("journal", "broken" if survey.breaks else "chained"),
            ("head", survey.head or "none"),
        ]
    )
    for fault in survey.faults:
        show_error(f"{survey.store}: {fault}; restore a backup")
    for broken in survey.breaks:
        show_error(f"{survey.store}: {broken}; keep a copy, and find out why")
