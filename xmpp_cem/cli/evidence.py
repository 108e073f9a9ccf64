"""The evidence of an event: gathered, checked, written, and told to people."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from xmpp_cem.cli.output import show_error, show_pairs, show_table
from xmpp_cem.config.roles import OperatorConfig
from xmpp_cem.errors import RemoteProtocolError

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.gathering import EvidenceFile
    from xmpp_cem.agents.operator import Operator
    from xmpp_cem.messages.envelope import ResponseMessage


@dataclass(frozen=True)
class Wanted:
    """Which evidence, and where to write it: without `out` to stdout, a file in each line."""

    event: str
    domain: str | None = None
    party: str | None = None
    out: Path | None = None


def show_evidence(config: OperatorConfig, wanted: Wanted) -> None:
    """Get, check and write the files of an event.

    Raises:
        RefusedError: the VTN does not tell.
        RemoteProtocolError: what it tells is not what it has signed.
        typer.Exit: a file cannot be written.
    """
    from xmpp_cem.agents.sealing import verified
    from xmpp_cem.cli.connected import as_operator

    async def work(operator: "Operator") -> "list[EvidenceFile]":
        return await _gathered(operator, wanted)

    files = [f for f in as_operator(config, work) if wanted.party in {None, f.party}]
    if not files:
        raise RemoteProtocolError("2.15", f"the event has no evidence of {wanted.party}")
    told = [verified(file.data) for file in files]
    if wanted.out is None:
        for file in files:
            print(file.data.decode("ascii"), flush=True)
        return
    names = [_name(wanted.out, file, is_alone=len(files) == 1) for file in files]
    for name, file in zip(names, files, strict=True):
        _write(name, file.data + b"\n")
    headings = ("file", "party", "resource", "delivered", "gaps", "key")
    rows = [(str(name), *_row(each)) for name, each in zip(names, told, strict=True)]
    show_table(headings, rows)


def show_verified(path: Path) -> None:
    """Check a file and tell what it says.

    Raises:
        typer.Exit: it cannot be read, or its signature does not fit.
    """
    from xmpp_cem.agents.sealing import verified

    try:
        told = verified(path.read_bytes())
    except (OSError, RemoteProtocolError) as error:
        why = error.strerror if isinstance(error, OSError) else error.reason
        show_error(f"{path}: {why}")
        raise typer.Exit(1) from error
    evidence, total = told["evidence"], told["evidence"]["total"]
    show_pairs(
        (
            ("file", f"{path}: the signature fits"),
            ("key", told["signature"]["fingerprint"]),
            ("event", evidence["event"]),
            ("domain", f"{evidence['domain']}, VTN {evidence['vtn']}"),
            ("resource", f"{evidence['resource']} of {evidence['party']}"),
            ("active", f"{evidence['active']['start']} to {evidence['active']['end']}"),
            ("baseline", _wh(total["baseline_wh"])),
            ("measured", _wh(total["energy_wh"])),
            ("delivered", _wh(total["delivered_wh"])),
            ("gaps", str(len(evidence["gaps"]))),
            ("final", f"with what came by {evidence['freezes']}"),
        )
    )


async def _gathered(operator: "Operator", wanted: Wanted) -> "list[EvidenceFile]":
    from xmpp_cem.agents.gathering import gather
    from xmpp_cem.messages.envelope import Noun, Verb

    async def ask(ids: tuple[str, ...], options: tuple[tuple[str, str], ...]) -> "ResponseMessage":
        return await operator.request(
            wanted.domain, Verb.GET, Noun.EVIDENCE, ids=ids, options=options
        )

    return await gather(ask, wanted.event)


def _name(out: Path, file: "EvidenceFile", *, is_alone: bool) -> Path:
    """Return a file's name: with party and resource before the ending where there are several."""
    return (
        out if is_alone else out.with_name(f"{out.stem}.{file.party}.{file.resource}{out.suffix}")
    )


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        show_error(f"{path}: cannot be written ({error.strerror}); choose another --out")
        raise typer.Exit(1) from error


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    evidence = told["evidence"]
    return (
        evidence["party"],
        evidence["resource"],
        _wh(evidence["total"]["delivered_wh"]),
        str(len(evidence["gaps"])),
        told["signature"]["fingerprint"][:16],
    )


def _wh(energy_wh: int | None) -> str:
    return "not known" if energy_wh is None else f"{energy_wh} Wh"
