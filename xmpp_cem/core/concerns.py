"""What a role would tell somebody who asks whether all is well."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from xmpp_cem.core.records import Member
from xmpp_cem.model.availability import Availability

_NAMED = 5


@dataclass(frozen=True)
class Concern:
    """Something that is not as it should be; `since` is UTC, None where nobody knows."""

    what: str
    since: datetime | None = None


def about_vtn(silent_since: datetime | None) -> tuple[Concern, ...]:
    """Return what a VEN is concerned about: its VTN."""
    return (Concern("the VTN is silent", silent_since),) if silent_since else ()


def about_members(members: Iterable[Member], *, is_known: bool) -> tuple[Concern, ...]:
    """Return what a VTN is concerned about, once presence is known: members it does not reach."""
    missing = [m for m in members if m.availability is Availability.UNREACHABLE]
    if not is_known or not missing:
        return ()
    names = ", ".join(member.party for member in missing[:_NAMED])
    names += ", ..." if len(missing) > _NAMED else ""
    return (Concern(f"{len(missing)} members are unreachable: {names}"),)
