"""Divides a group's limit into limits of its members, so that together they cannot exceed it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xmpp_cem.allocations.columns import Watts
from xmpp_cem.allocations.proportion import between

_LARGEST = 10**12


class Limited(NamedTuple):
    """A member under a group's limit, in the limit's direction.

    Args:
        key: its id.
        rated_w: what it can take at most, W, 0 to 10^12.
        failsafe_w: what it has confirmed to keep when nobody reaches it, W; None: nothing.
        is_reachable: whether it can be given a limit.
    """

    key: str
    rated_w: int
    failsafe_w: int | None = None
    is_reachable: bool = True

    @property
    def unreached_w(self) -> int:
        """What counts for it while it cannot be reached, W."""
        return self.rated_w if self.failsafe_w is None else min(self.failsafe_w, self.rated_w)


@dataclass(frozen=True)
class Limits:
    """How a group's limit is kept.

    Args:
        limits_w: the limit of each reachable member, W.
        counted_w: what counts for each member that cannot be reached, W.
        excess_w: by how much the group's limit may be exceeded although all limits are 0, W.
        why: one sentence for people.
    """

    limits_w: dict[str, int]
    counted_w: dict[str, int]
    excess_w: int
    why: str


def divide_limit(group_limit_w: int, unmanaged_w: int, members: Iterable[Limited]) -> Limits:
    """Divide what a group's limit leaves over its reachable members, by rated power.

    The limits, what counts for unreachable members and the unmanaged load together are at most
    the group's limit; where the latter two alone exceed it, limits are 0 and the excess is stated.

    Args:
        group_limit_w: what the group must not exceed, W, at least 0.
        unmanaged_w: load that takes no limit, W, at least 0: generation may end at any moment and
            makes no room.
        members: any number, each key once, in any order.

    Raises:
        ValueError: a key comes twice, or a power is out of its range.
    """
    rows = sorted(members, key=lambda member: member.key)
    if len({member.key for member in rows}) < len(rows):
        raise ValueError("a member is there twice; give every member one row")
    powers = [group_limit_w, unmanaged_w, *(member.rated_w for member in rows)]
    powers += [member.unreached_w for member in rows]
    if min(powers) < 0 or max(powers) > _LARGEST:
        raise ValueError("a power is not between 0 and 10^12 W")
    counted = {member.key: member.unreached_w for member in rows if not member.is_reachable}
    reachable = [member for member in rows if member.is_reachable]
    rated: Watts = np.array([member.rated_w for member in reachable], dtype=np.int64)
    left = group_limit_w - unmanaged_w - sum(counted.values())
    given = min(max(left, 0), int(rated.sum()))
    limits = between(given, rated, np.zeros_like(rated), rated)
    return Limits(
        limits_w=dict(zip((m.key for m in reachable), limits.tolist(), strict=True)),
        counted_w=counted,
        excess_w=max(-left, 0),
        why=_why(given, len(reachable), counted, max(-left, 0)),
    )


def _why(given_w: int, reachable: int, counted: dict[str, int], excess_w: int) -> str:
    why = f"{given_w} W are divided over {reachable} members by rated power"
    if counted:
        why += f"; {len(counted)} that cannot be reached count with {sum(counted.values())} W"
    if excess_w:
        why += f"; the limit may be exceeded by {excess_w} W"
    return why + "."
