from collections.abc import Callable

from rich.console import Console
from typer.testing import Result

from tests.unit.agents.test_tracing import DOMAINS, TOP, ask
from xmpp_cem.agents.tracing import trace
from xmpp_cem.cli.trace import tree_of

Call = Callable[..., Result]


async def test_the_tree_shows_each_level_below_the_member_that_leads_it():
    found = await trace(TOP, DOMAINS, ask)
    console = Console(width=300, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(tree_of(found.root))
    lines = [line.split(":")[0].rstrip() for line in shown.get().splitlines()]
    names = [line.lstrip("│├└─ ").split(" ")[0] for line in lines]
    assert names == [
        "grid",
        "agg",
        "agg-sites",
        "street-box",
        "street",
        "site-1",
        "site-2",
        "other",
        "other-sites",
    ]
    depth = [len(line) - len(line.lstrip("│├└─ ")) for line in lines]
    assert depth == [0, 4, 8, 12, 16, 20, 12, 4, 8]


def test_trace_needs_an_operators_file(call: Call):
    result = call("trace", "vtn.toml", TOP)
    assert result.exit_code == 2
    assert "operator" in result.stderr
