"""What a tester needs to look around while the demonstration stays up."""

import sys
from pathlib import Path

from xmpp_cem.demo.files import Files
from xmpp_cem.demo.plan import GRID, HOST, OPERATOR, TESTER, Plan
from xmpp_cem.model.node import events_node, operations_node, reports_node
from xmpp_cem.testing.server import Endpoint


def instructions(plan: Plan, files: Files, endpoint: Endpoint) -> list[str]:
    """Return account, server and exact commands, for stock clients and for our own."""
    return [
        "",
        "It stays up. To look around:",
        f"JID {TESTER}@{HOST}   password {files.password(TESTER)}",
        f"host {endpoint.host}   port {endpoint.port}   CA file {endpoint.ca_file}",
        "",
        *_stock(plan, files, endpoint),
        "",
        *_ours(plan, files),
        "",
        f"All files, with a log of every agent, are in {files.folder}",
        "Ctrl-C stops everything and removes it.",
    ]


def _stock(plan: Plan, files: Files, endpoint: Endpoint) -> list[str]:
    site = plan.aggregators[0].sites[1]
    nodes = (events_node(GRID), reports_node(GRID), operations_node(GRID))
    watch = (
        f"docs/examples/watch.mjs {TESTER}@{HOST} {files.password(TESTER)} "
        f"{endpoint.host}:{endpoint.port} {endpoint.pubsub(GRID)} {GRID} {site.party}"
    )
    return [
        "A stock client (Debian's profanity):",
        f"  SSL_CERT_FILE={endpoint.ca_file} profanity",
        f"  /connect {TESTER}@{HOST} server {endpoint.host} port {endpoint.port} tls force",
        f"  /sub request {site.party}@{HOST}      (then watch its presence with /roster)",
        "  /xmlconsole, and paste to subscribe to a node of the grid:",
        *(
            f"  <iq type='set' to='{endpoint.pubsub(GRID)}' id='{number}'>"
            "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"
            f"<subscribe node='{node}' jid='{TESTER}@{HOST}'/></pubsub></iq>"
            for number, node in enumerate(nodes, 1)
        ),
        "A program of Node.js, from the checkout:",
        "  npm install @xmpp/client@0.14",
        f"  NODE_EXTRA_CA_CERTS={endpoint.ca_file} node {watch}",
    ]


def _ours(plan: Plan, files: Files) -> list[str]:
    python = Path(sys.executable)
    program = f"{python} -m xmpp_cem"
    operator = files.config(OPERATOR)
    site = plan.aggregators[0].sites[1]
    event = "--reduce 20kW --in 10s --for 60s --wait"
    return [
        "Our own commands:",
        f"  {program} watch {operator}",
        f"  {program} members {operator} --domain {plan.aggregators[0].party}",
        f"  {program} event create {operator} --domain {GRID} {event}",
        "",
        f"The override button of {site.party}:",
        f"  touch {files.button(site)}     (and rm it to let go)",
        f"{plan.overridden.party} lets go of its own:",
        f"  rm {files.button(plan.overridden)}",
        f"The killed {plan.killed.party}, back again:",
        f"  {program} run {files.config(plan.killed.party)}",
    ]
