"""Tells, once each time, that a customer has taken resources back."""

from datetime import datetime

from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.control import Sample
from xmpp_cem.model.ids import EventId, PartyId, ResourceId, derived_id

FAULT = "out of service"
"""Why what no owner keeps cannot be moved."""


OVERRIDE = "local override"
"""How the reason begins for which its owner keeps a resource."""


LOST = "nothing heard of the VTN"
"""How the reason begins for which a programme lets go without its VTN."""


def why_held(samples: tuple[Sample, ...]) -> str:
    """Return why nobody else can move some of these resources, for people."""
    if not any(sample.is_overridden for sample in samples):
        return FAULT
    whys = dict.fromkeys(sample.reason for sample in samples if sample.is_overridden)
    said = "; ".join(filter(None, whys))
    return f"{OVERRIDE}: {said}"[:256] if said else OVERRIDE


class Overriding:
    """Which resources are overridden, as far as it has been told."""

    def __init__(self, party: PartyId) -> None:
        self._party = party
        self._held: dict[ResourceId, str] = {}

    def look(
        self, samples: tuple[Sample, ...], event: EventId | None, now: datetime
    ) -> list[Status]:
        """Return a status OVERRIDDEN for the resources that are held anew, or for another reason.

        Args:
            samples: of all resources.
            event: the one that moves power, if any.
            now: the present.
        """
        held = {sample.resource: sample.reason for sample in samples if sample.is_overridden}
        anew = [each for each, why in held.items() if self._held.get(each) != why]
        self._held = held
        by_reason: dict[str, list[ResourceId]] = {}
        for resource in anew:
            by_reason.setdefault(held[resource], []).append(resource)
        return [
            Status(
                id=derived_id("overridden", self._party, *resources, now),
                type=StatusType.OVERRIDDEN,
                at=now,
                event=event,
                reason=f"{why or OVERRIDE}: {', '.join(resources)}"[:256],
            )
            for why, resources in by_reason.items()
        ]
