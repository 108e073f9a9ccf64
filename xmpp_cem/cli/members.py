"""The command `members`: who belongs to a domain and what they can do."""

from typing import TYPE_CHECKING

import typer

from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.output import show_json, show_table, signed_kw
from xmpp_cem.messages.operations import DomainMembers, MemberEntry
from xmpp_cem.model.availability import kilowatts

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator


def members(file: File, domain: InDomain = None, as_json: AsJson = False) -> None:
    """List a domain's members: availability, power and flexibility as the VTN knows them."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    async def work(operator: "Operator") -> DomainMembers:
        return await operator.members(domain)

    found = as_operator(operator_config(file, domain), work)
    if as_json:
        show_json(found)
        return
    headings = ("party", "account", "availability", "power", "increase", "decrease", "last heard")
    show_table(headings, (_row(entry) for entry in found.members))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(members)


def _row(entry: MemberEntry) -> tuple[str, ...]:
    heard = f"{entry.last_heard:%Y-%m-%d %H:%M:%SZ}" if entry.last_heard else "never"
    is_known = entry.revision > 0
    return (
        entry.party,
        entry.account,
        entry.availability.value,
        signed_kw(entry.power_w) if is_known else "-",
        kilowatts(entry.increase_w) if is_known else "-",
        kilowatts(entry.decrease_w) if is_known else "-",
        heard,
    )
