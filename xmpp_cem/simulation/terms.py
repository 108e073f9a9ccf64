"""Terms that a simulation may be played on besides the usual ones, and how fast it goes."""

from dataclasses import dataclass
from random import Random
from typing import Self


@dataclass(frozen=True)
class Pace:
    """How often what time alone changes is looked at, all in seconds.

    Args:
        look_s: from one look of a gateway to the next.
        lease_s: how long a member may be silent; it is looked at ten times as often.
        longest_s: the longest pause before something is tried again; it is longer elsewhere.
    """

    look_s: int = 1
    lease_s: int = 25
    longest_s: float = 3.0


USUAL_PACE = Pace()

SHORT_PACE = Pace(look_s=3, lease_s=60, longest_s=2.0)
"""Fewer looks, as no lease ends in a short seed, and repeats that fit into its quiet time."""


@dataclass(frozen=True)
class Tree:
    """How large a drawn hierarchy is: parties below the top, and levels with it."""

    parties: int
    levels: int


@dataclass(frozen=True)
class Terms:
    """What is drawn besides the usual.

    Args:
        tree: how large the hierarchies are; without it one of a few small ones is drawn.
        is_restored: whether an older copy of somebody's store is put back.
    """

    tree: Tree | None = None
    is_restored: bool = False

    @property
    def arguments(self) -> str:
        """How a command asks for them."""
        size = f" --parties {self.tree.parties} --levels {self.tree.levels}" if self.tree else ""
        return f"{size} --restored" if self.is_restored else size


USUAL = Terms()
"""Small hierarchies, and nobody's store is put back."""


def grown(random: Random, tree: Tree) -> dict[str, str]:
    """Draw a hierarchy of exactly so many levels: each party below the top to the one above it."""
    uppers: dict[str, str] = {}
    levels = {"grid": 0}
    for number in range(tree.parties):
        name, deepest = f"p{number}", max(levels.values())
        above = [known for known, level in levels.items() if level < tree.levels - 1]
        if deepest < tree.levels - 1:
            above = [known for known, level in levels.items() if level == deepest]
        uppers[name] = random.choice(above)
        levels[name] = levels[uppers[name]] + 1
    return uppers


@dataclass(frozen=True)
class Restoring:
    """Whose store is copied and put back, so many seconds after the beginning."""

    who: str
    copied_s: float
    put_back_s: float

    @classmethod
    def draw(cls, parties: list[str], chaos_s: float, random: Random) -> Self:
        """Draw one that is over when the faults are."""
        copied_s = random.uniform(1.0, 0.6 * chaos_s)
        return cls(random.choice(parties), copied_s, random.uniform(copied_s + 1, chaos_s - 1))
