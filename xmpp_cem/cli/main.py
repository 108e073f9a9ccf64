"""The program `xmpp-cem`: its commands, and what is common to all of them."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from xmpp_cem.cli import (
    backup,
    check,
    commission,
    demo,
    discover,
    event,
    leave,
    members,
    override,
    provision,
    readings,
    run,
    saying,
    trace,
    watch,
)
from xmpp_cem.cli.failures import Commands

app = typer.Typer(
    name="xmpp-cem",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Demand response over XMPP publish/subscribe, in the architecture of IEC TS 62746-3.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong use or configuration, "
    "3 server or peer unreachable, 4 refused.",
)

_AGENTS = (demo, check, run, override, saying, commission, leave, provision, backup)
_OPERATORS = (discover, event, members, readings, trace, watch)
for command in (*_AGENTS, *_OPERATORS):
    command.register(app)


@app.callback()
def options(
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Show the connection's log lines on stderr.")
    ] = False,
) -> None:
    """Say how much is logged; commands tell their errors themselves."""
    quiet = logging.CRITICAL + 1
    logging.basicConfig(level=logging.INFO if verbose else quiet, force=True)


def program() -> Callable[[], None]:
    """Build the program's commands; returns what runs them."""
    return partial(typer.main.get_command(app), prog_name="xmpp-cem")


def main() -> None:
    """Run the program."""
    program()()
