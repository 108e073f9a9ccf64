"""The command `provision`: a domain's nodes, made or compared with what they must be."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.failures import FAILED, accepted
from xmpp_cem.cli.output import show_json, show_line
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import OperatorConfig, VenConfig, VtnConfig
from xmpp_cem.errors import ConfigError, RemoteProtocolError
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.operations import DomainNodes, NodeEntry

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator

Repair = Annotated[bool, typer.Option("--repair", help="Also mend what has drifted.")]


def provision(
    file: File, repair: Repair = False, domain: InDomain = None, as_json: AsJson = False
) -> None:
    """Create a domain's nodes and compare them; exit code 1 when drift remains.

    With an operator's file the running VTN does it; with a VTN's or gateway's file this command
    does it itself with that account, for the gateway's first domain unless `--domain` names one.
    """
    config = load(file)
    if isinstance(config, VenConfig):
        raise ConfigError(f"{file}: role: a VEN has no nodes; give the file of its VTN")
    if isinstance(config, OperatorConfig):
        config.domain(domain)
        nodes = _asked(config, domain, repair=repair)
    else:
        import asyncio

        from xmpp_cem.agents.provisioning import provisioned

        lower = config.lower if isinstance(config, VtnConfig) else config.lower_of(domain)
        if lower is None:
            raise ConfigError(f"{file}: lower: there is no domain {domain}; choose one of its own")
        nodes = asyncio.run(provisioned(config.party, lower, config.store, repair=repair))
    if as_json:
        show_json(nodes)
    else:
        _show(nodes.nodes)
    if any(node.drift and not node.was_repaired for node in nodes.nodes):
        raise typer.Exit(FAILED)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(provision)


def _asked(config: OperatorConfig, domain: str | None, *, repair: bool) -> DomainNodes:
    from xmpp_cem.cli.connected import as_operator

    async def work(operator: "Operator") -> DomainNodes:
        verb = Verb.EXECUTE if repair else Verb.GET
        reply = accepted(await operator.request(domain, verb, Noun.NODES))
        if not isinstance(reply.body, DomainNodes):
            raise RemoteProtocolError("1.7", "the VTN's answer holds no DomainNodes")
        return reply.body

    return as_operator(config, work)


def _show(nodes: Iterable[NodeEntry]) -> None:
    for node in nodes:
        state, style = _state(node)
        show_line(f"{node.name}: {state}", style)
        for drift in node.drift:
            show_line(f"  {drift}", style)


def _state(node: NodeEntry) -> tuple[str, str]:
    if node.was_created:
        return "created", "green"
    if node.was_repaired:
        return "repaired", "green"
    if node.drift:
        return "is not as it must be", "red"
    return "as it must be", "green"
