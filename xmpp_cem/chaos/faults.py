"""The kinds of faults, and how often each comes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from xmpp_cem.chaos import (
    faults_account,
    faults_inside,
    faults_link,
    faults_node,
    faults_party,
    faults_store,
)
from xmpp_cem.chaos.scene import Scene


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Args:
        act: injects it, lets it last and ends it.
        weight: how often it is chosen; what takes a minute to get over comes rarely.
        is_soon: whether it begins with the round, to meet the load's first messages.
    """

    act: Callable[[Scene], Awaitable[None]]
    weight: float
    is_soon: bool = False


FAULTS: Final[dict[str, Fault]] = {
    "kill-ven": Fault(faults_party.kill_ven, 8),
    "kill-gateway": Fault(faults_party.kill_gateway, 8),
    "kill-vtn": Fault(faults_party.kill_vtn, 8),
    "kill-twice": Fault(faults_party.kill_twice, 3),
    "kill-at-commit": Fault(faults_inside.kill_at_commit, 12, is_soon=True),
    "kill-server": Fault(faults_party.kill_server, 5),
    "restart-server": Fault(faults_party.restart_server, 3),
    "freeze-ven": Fault(faults_party.freeze_ven, 2),
    "freeze-gateway": Fault(faults_party.freeze_gateway, 2),
    "freeze-vtn": Fault(faults_party.freeze_vtn, 2),
    "freeze-server": Fault(faults_party.freeze_server, 1.5),
    "drop": Fault(faults_link.drop, 6),
    "drop-all": Fault(faults_link.drop_all, 3),
    "refuse": Fault(faults_link.refuse, 3),
    "delay": Fault(faults_link.delay, 5),
    "stall": Fault(faults_link.stall, 4),
    "disorder": Fault(faults_inside.disorder, 5),
    "half-open": Fault(faults_link.half_open, 1),
    "slow-consumer": Fault(faults_link.slow_consumer, 3),
    "replay-item": Fault(faults_node.replay_item, 5),
    "replay-request": Fault(faults_store.replay_request, 5),
    "delete-node": Fault(faults_node.delete_node, 1),
    "reconfigure-node": Fault(faults_node.reconfigure_node, 2),
    "unsubscribe": Fault(faults_node.unsubscribe, 1),
    "twin": Fault(faults_account.twin, 0.4),
    "disable-account": Fault(faults_account.disable_account, 0.5),
    "certificate-expired": Fault(faults_account.certificate_expired, 1),
    "restore-ven": Fault(faults_store.restore_ven, 3),
    "restore-gateway": Fault(faults_store.restore_gateway, 3),
    "restore-vtn": Fault(faults_store.restore_vtn, 3),
    "disk-full": Fault(faults_store.disk_full, 4),
    "clock-step": Fault(faults_account.clock_step, 3),
}


def choose(names: list[str], count: int, chance: Random) -> list[str]:
    """Choose different kinds by their weights."""
    chosen: list[str] = []
    while len(chosen) < min(count, len(names)):
        rest = [name for name in names if name not in chosen]
        chosen += chance.choices(rest, [FAULTS[name].weight for name in rest])
    return chosen
