"""The command `discover`: which communication domains an account can find."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from xmpp_cem.cli.arguments import AsJson, File
from xmpp_cem.cli.failures import FAILED
from xmpp_cem.cli.output import show_error, show_json, show_table
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import Config, GatewayConfig, VenConfig, VtnConfig
from xmpp_cem.messages.configuration import DomainCard
from xmpp_cem.model.ids import Jid

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.discovery import Found

Service = Annotated[
    str | None,
    typer.Option(metavar="HOST", help="The pubsub service; default: all of the account's host."),
]
Domain = Annotated[
    str | None, typer.Option(metavar="DOMAIN", help="Only this domain; default: all to be seen.")
]


def discover(
    file: File, service: Service = None, domain: Domain = None, as_json: AsJson = False
) -> None:
    """Find domains by their open cards, with the account of any file; exit code 1 for none."""
    found = asyncio.run(_found(_account(load(file)), service, domain))
    cards = [each.card for each in found if each.card]
    if as_json:
        for card in cards:
            show_json(card)
    elif cards:
        show_table(("domain", "VTN", "service", "profile", "version", "uplink"), map(_row, cards))
    for each in found:
        if each.problem and not (cards and domain):
            show_error(f"{each.domain} on {each.service}: {each.problem}", "yellow")
    if not cards:
        show_error("no domain found")
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(discover)


async def _found(
    account: AccountConfig, service: str | None, domain: str | None
) -> "tuple[Found, ...]":
    from xmpp_cem.agents.connecting import Outcome, running
    from xmpp_cem.agents.discovery import find_domains
    from xmpp_cem.agents.settings import credentials_of
    from xmpp_cem.xmpp.stream import Stream

    outcome = Outcome()
    login = credentials_of(account, "discover", priority=-1)
    stream = Stream(login, outcome.take, admits=lambda _: False, services=())
    async with running(stream, outcome, account):
        place = Jid(service) if service else None
        return await find_domains(stream, Jid(account.jid).host, place, domain)


def _account(config: Config) -> AccountConfig:
    match config:
        case VtnConfig(lower=lower):
            return lower.account
        case VenConfig(upper=upper):
            return upper.account
        case GatewayConfig(upper=uppers):
            return uppers[0].account
        case _:
            return config.account


def _row(card: DomainCard) -> tuple[str, ...]:
    return (card.domain, card.vtn, card.service, card.profile, card.version, card.uplink.value)
