"""The command `demo`: a three-level hierarchy on a private server, live."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Literal

import typer

from xmpp_cem.errors import ConfigError

Server = Annotated[
    Literal["prosody", "ejabberd"] | None,
    typer.Option(
        metavar="SERVER",
        help="Which server, prosody or ejabberd; the installed one by default, Prosody first.",
    ),
]


def demo(
    server: Server = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write the figures as one JSON object, last on stdout.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay up afterwards and say how to look around.")
    ] = False,
    speed: Annotated[
        float, typer.Option(metavar="N", min=1, max=20, help="Simulated seconds per real second.")
    ] = 1.0,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Make this folder for all files, removed at the end."),
    ] = None,
) -> None:
    """Dispatch an event through grid, aggregators and sites; one opts out, one is killed."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # Raised while these modules load, a KeyboardInterrupt could be swallowed by one of them.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        import demandlib  # noqa: F401
        import pvlib  # noqa: F401
        import trustme  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f"{error.name}: is not installed; run scripts/demo, or pip install 'xmpp-cem[demo]'"
        ) from error
    from rich.console import Console

    from xmpp_cem.demo.show import Options, Show
    from xmpp_cem.testing.server import missing

    chosen = server or ("ejabberd" if missing("prosody") and not missing("ejabberd") else "prosody")
    problem = missing(chosen)
    if problem:
        raise ConfigError(problem)
    console = Console(stderr=as_json or not sys.stdout.isatty())
    show = Show(Options(chosen, as_json, keep, speed, folder), console)
    raise typer.Exit(_until_signalled(show.run()))


def _until_signalled(work: Coroutine[object, object, int]) -> int:
    """Return what the work returns; a signal ends it in order, with 130 as shells expect."""

    async def guarded() -> int:
        task = asyncio.create_task(work, name="demo")
        loop = asyncio.get_running_loop()

        def end() -> None:
            # Once: a second signal must not interrupt the clearing up.
            if not task.cancelling():
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        try:
            return await task
        except asyncio.CancelledError:
            return 130

    return asyncio.run(guarded())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)
