"""What a tester needs to look around while the demonstration stays up."""

from xmpp_cem.demo.files import Files
from xmpp_cem.demo.plan import GRID, HOST, OPERATOR, TESTER, Plan
from xmpp_cem.model.node import events_node, operations_node, reports_node
from xmpp_cem.testing.server import Endpoint


def instructions(plan: Plan, files: Files, endpoint: Endpoint) -> list[str]:
    """Return account, server and exact commands, for a stock client and for our own."""
    password = files.password(TESTER)
    operator = files.config(OPERATOR)
    site = plan.aggregators[0].sites[1]
    nodes = (events_node(GRID), reports_node(GRID), operations_node(GRID))
    return [
        "",
        "It stays up. To look around:",
        f"JID {TESTER}@{HOST}   password {password}",
        f"host {endpoint.host}   port {endpoint.port}   CA file {endpoint.ca_file}",
        "",
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
        "",
        "Our own commands:",
        f"  .venv/bin/xmpp-cem watch {operator}",
        f"  .venv/bin/xmpp-cem members {operator} --domain {plan.aggregators[0].party}",
        f"  .venv/bin/xmpp-cem event create {operator} --reduce 20kW --in 10s --for 60s --wait",
        "",
        f"The override button of {site.party}:",
        f"  touch {files.button(site)}     (and rm it to let go)",
        "",
        "Ctrl-C stops everything and removes it.",
    ]
