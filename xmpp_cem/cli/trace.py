"""The command `trace`: one event through all levels, with shares, answers and reasons."""

from typing import TYPE_CHECKING

import typer
from rich.text import Text
from rich.tree import Tree

from xmpp_cem.cli.arguments import AsJson, File
from xmpp_cem.cli.dispatch import record_of
from xmpp_cem.cli.event_options import Named
from xmpp_cem.cli.failures import FAILED, DeniedError
from xmpp_cem.cli.output import console, show_error, show_json, signed_kw, style_of
from xmpp_cem.cli.records import asked_of, reason_of
from xmpp_cem.errors import TransportError
from xmpp_cem.messages.operations import DispatchRecord, MemberShare

if TYPE_CHECKING:  # it brings the whole XMPP library
    from xmpp_cem.agents.operator import Operator
    from xmpp_cem.agents.tracing import Branch, Told, Trace


def trace(file: File, event_id: Named, as_json: AsJson = False) -> None:
    """Follow an event through every domain of the file: who was asked, who answered, and why.

    The id may be that of any level.
    """
    from xmpp_cem.agents.tracing import trace as traced
    from xmpp_cem.cli.connected import as_operator, operator_config

    config = operator_config(file)
    domains = tuple(domain.domain for domain in config.domains)

    async def work(operator: "Operator") -> "Trace":
        async def ask(domain: str, event: str) -> "Told | str | None":
            return await _asked(operator, domain, event)

        return await traced(str(event_id), domains, ask)

    found = as_operator(config, work)
    if as_json:
        event = _json(found.root) if found.root else None
        show_json({"event": event, "silent": dict(found.silent)})
    elif found.root:
        console().print(tree_of(found.root))
    for domain, why in () if as_json else found.silent.items():
        show_error(f"{domain} could not be asked: {why}", "yellow")
    if found.root is None:
        show_error(f"no domain of {file} knows the event {event_id}")
        raise typer.Exit(FAILED)


def tree_of(branch: "Branch") -> Tree:
    """Return the tree that a person sees."""
    record = branch.told.record
    tree = Tree(_title(branch.told.party, record))
    below = {each.told.party: each for each in branch.below}
    for share in record.shares:
        node = tree.add(_share(share))
        if share.party in below:
            node.add(tree_of(below.pop(share.party)))
    for each in below.values():
        tree.add(tree_of(each))
    return tree


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(trace)


async def _asked(operator: "Operator", domain: str, event: str) -> "Told | str | None":
    from xmpp_cem.agents.tracing import Told

    try:
        record, party = await record_of(operator, domain, event)
    except DeniedError as error:
        return None if "there is no event" in str(error) else str(error)
    except TransportError as error:
        return str(error)
    return Told(party, record)


def _title(party: str, record: DispatchRecord) -> Text:
    active = record.active
    return Text.assemble(
        (f"{record.domain} ({party}) ", "bold"),
        (record.status.value, style_of(record.status.value)),
        f" {record.event} version {record.order.modification}, "
        f"{active.start:%H:%M:%SZ} to {active.end:%H:%M:%SZ}: asked {asked_of(record)}, "
        f"promised {signed_kw(record.promised_w)}, delivered {signed_kw(record.delivered_w)}, "
        f"divided anew {record.redivisions} times; {record.why or 'no reason'}",
    )


def _share(share: MemberShare) -> Text:
    answer = share.opt.value if share.opt else "silent"
    return Text.assemble(
        (f"{share.party} ", "bold"),
        (answer, style_of(answer)),
        f": asked {asked_of(share)}, promised {signed_kw(share.promised_w)}, "
        f"delivered {signed_kw(share.delivered_w)}, {share.availability.value}"
        f"{'; ' + reason_of(share) if reason_of(share) else ''}",
    )


def _json(branch: "Branch") -> dict[str, object]:
    return {
        "party": branch.told.party,
        "record": branch.told.record.model_dump(mode="json"),
        "below": [_json(each) for each in branch.below],
    }
