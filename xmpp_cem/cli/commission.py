"""The command `commission`: tries a site's devices on the box, with or without a network."""

import asyncio
import signal
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xmpp_cem.cli.arguments import AsJson, File, amount, duration
from xmpp_cem.cli.failures import FAILED
from xmpp_cem.cli.output import show_error, show_json, show_line, show_table
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import VenConfig
from xmpp_cem.errors import ConfigError

if TYPE_CHECKING:  # it brings what an agent needs
    from datetime import datetime

    from xmpp_cem.agents.commissioning import Order
    from xmpp_cem.agents.trial import Check

OfResource = Annotated[
    list[str] | None,
    typer.Option(
        "--resource",
        metavar="ID",
        help="Only this one, and no failsafe; may be given again; default: all.",
    ),
]
Step = Annotated[
    int | None,
    typer.Option(parser=amount, metavar="POWER", help="Size of the step; default: 500W."),
]
Settle = Annotated[
    timedelta | None,
    typer.Option(parser=duration, metavar="TIME", help="What a device may take; default: 15s."),
]
Longest = Annotated[
    timedelta | None,
    typer.Option(
        "--longest-timer",
        parser=duration,
        metavar="TIME",
        help="A device's own timer that is longer is not waited for; default: 2m.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Leave out the way to the VTN.")]
Status = Annotated[
    bool,
    typer.Option("--status", help="Only tell what last went well and badly, also while it runs."),
]
RecordFile = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE", help="The signed record; default: beside the store."),
]

_COLOURS = {"passed": "green", "failed": "red", "skipped": "yellow"}


def commission(  # noqa: PLR0913 one per option
    file: File,
    *,
    resource: OfResource = None,
    step: Step = None,
    settle: Settle = None,
    longest: Longest = None,
    offline: Offline = False,
    status: Status = False,
    record: RecordFile = None,
    as_json: AsJson = False,
) -> None:
    """Try a site's devices, failsafe and way to the VTN; exit code 1 when something has failed.

    Each device is asked for a small step of power, which its meter must show; then it is left alone
    until its own timer lets go, and the site's own limit is held without a VTN. Everything is
    released at the end, also after Ctrl-C. An agent that runs tries its devices itself, one after
    the other, and failsafe with all of them together, and goes on with them then.
    """
    chosen = tuple(dict.fromkeys(resource or ()))
    config = _site(file, chosen)
    if status:
        _show_status(config, as_json=as_json)
        return
    from xmpp_cem.agents.commissioning import Order, signed_record
    from xmpp_cem.agents.trial import Limits

    usual = Limits()
    limits = Limits(
        step or usual.step_w,
        settle.total_seconds() if settle else usual.settle_s,
        longest.total_seconds() if longest is not None else usual.reversion_s,
    )
    made = _tried(config, Order(chosen, offline, limits), as_json=as_json)
    data = signed_record(config, file, made)
    record = record or _beside(config, file)
    _write(record, data)
    if as_json:
        typer.echo(data.decode(), nl=False)
    else:
        _tell_result(made, record)
    if made["result"] == "failed":
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(commission)


def _site(file: Path, resources: tuple[str, ...]) -> VenConfig:
    config = load(file)
    if not isinstance(config, VenConfig):
        raise ConfigError(f"{file}: role: only a VEN has devices; this is a {config.role}")
    known = [each.id for each in config.resources]
    for resource in resources:
        if resource not in known:
            raise typer.BadParameter(f"there is no resource {resource}; choose {', '.join(known)}")
    return config


def _tried(config: VenConfig, order: "Order", *, as_json: bool) -> dict[str, Any]:
    """Try everything; a signal ends it once all is released."""
    from xmpp_cem.agents.commissioning import commission as try_all
    from xmpp_cem.runtime.telemetry import silenced

    def say(check: "Check") -> None:
        if not as_json:
            text = f"{check.verdict:8}{check.of}: {check.what}: {check.detail}"
            show_line(text, _COLOURS[check.verdict])

    async def guarded() -> dict[str, Any]:
        task = asyncio.create_task(try_all(config, order, say), name="commission")
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        return await task

    try:
        with silenced():
            return asyncio.run(guarded())
    except asyncio.CancelledError:
        show_error("interrupted; every device that was tried is released, nothing is recorded")
        raise typer.Exit(FAILED) from None


def _beside(config: VenConfig, file: Path) -> Path:
    place = config.store if isinstance(config.store, Path) else file
    return place.with_name(f"{place.name}.commission.json")


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error


def _tell_result(made: dict[str, Any], record: Path) -> None:
    sentences = {
        "passed": "passed: every device follows, and its meter shows it",
        "failed": "failed: mend what is marked, then try again",
        "skipped": "nothing failed, but not every device could be tried",
    }
    text = f"{sentences[made['result']]}; signed record in {record}"
    show_line(text, _COLOURS[made["result"]])


def _show_status(config: VenConfig, *, as_json: bool) -> None:
    from xmpp_cem.agents.lasting import LastsFile

    if not isinstance(config.store, Path):
        raise ConfigError("store: a database keeps no last successes; look at /healthz")
    known = LastsFile.beside(config.store).read()
    if as_json:
        show_json({"lasts": {what: last.model_dump(mode="json") for what, last in known.items()}})
        return
    if not known:
        show_line("nothing is known yet: neither the agent nor commission has run")
        return
    rows = (
        (what, _word(last.is_good), _time(last.success), _time(last.failure), last.reason)
        for what, last in known.items()
    )
    show_table(("of", "now", "last success", "last failure", "why"), rows)


def _word(is_good: bool | None) -> str:
    return "-" if is_good is None else "ok" if is_good else "failing"


def _time(at: "datetime | None") -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}" if at else "never"
