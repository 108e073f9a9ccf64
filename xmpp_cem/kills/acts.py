"""What is played again and again: one event, from its creation to its end."""

from collections.abc import Awaitable, Callable

from xmpp_cem.kills.tree import Tree
from xmpp_cem.messages.envelope import Verb

Act = Callable[[Tree, str], Awaitable[None]]
"""Plays an event in a tree; raises AssertionError when it does not go as it must."""


async def changed(tree: Tree, event: str) -> None:
    """An event that one member refuses: changed, divided anew after an override, cancelled.

    It begins when all have answered, so that nobody waits for long and no deadline is near.
    """
    tree.sites["c"].refuses = True
    await tree.ask(Verb.CREATE, event, -4500, tree.soon(60, 60))
    await tree.until_promised(event, -4500)
    active = tree.soon(0, 60)
    await tree.ask(Verb.CHANGE, event, -4500, active)
    await tree.until_powers(3500, 5000, 6000)
    await tree.ask(Verb.CHANGE, event, -3000, active)
    await tree.until_promised(event, -3000)
    await tree.until_powers(4000, 6000, 6000)
    tree.sites["a"].is_overridden = True
    await tree.until_powers(5000, 5000, 6000)
    await tree.until_promised(event, -3000)
    await tree.cancel(event)
    await tree.until_over(event)


async def completed(tree: Tree, event: str) -> None:
    """An event that all members take, and that ends by itself."""
    await tree.ask(Verb.CREATE, event, -4500, tree.soon(5, 5))
    await tree.until_promised(event, -4500)
    await tree.until_powers(3875, 5750, 4875)
    await tree.until_over(event)


ACTS: dict[str, Act] = {"changed": changed, "completed": completed}
