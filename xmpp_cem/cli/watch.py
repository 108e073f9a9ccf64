"""The command `watch`: what happens in the domains, as it happens."""

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

import typer

from xmpp_cem.cli.arguments import AsJson, File, duration
from xmpp_cem.cli.output import show_json, show_line
from xmpp_cem.cli.sights import as_json_of, line_of

Domains = Annotated[
    list[str] | None,
    typer.Option(
        "--domain", metavar="DOMAIN", help="Which domain, again for more; default: all of the file."
    ),
]
For = Annotated[
    timedelta | None,
    typer.Option("--for", parser=duration, metavar="TIME", help="End after this; default: never."),
]


def watch(file: File, domains: Domains = None, length: For = None, as_json: AsJson = False) -> None:
    """Show events, reports, dispatch records and presences live, one line each."""
    from xmpp_cem.agents.operator import Operator
    from xmpp_cem.cli.connected import operator_config, until_signalled

    config = operator_config(file, *(domains or ()))

    async def tail() -> None:
        chosen = tuple(domains or ())
        async with Operator(config) as operator, aclosing(operator.watch(chosen)) as sights:
            async for sight in sights:
                if as_json:
                    show_json(as_json_of(sight))
                else:
                    show_line(*line_of(sight))

    async def bounded() -> None:
        try:
            async with asyncio.timeout(length.total_seconds() if length else None):
                await tail()
        except TimeoutError:
            return

    until_signalled(bounded())


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)
