"""A domain's roll of members: who belongs to it, who waits, and why one is not available."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from xmpp_cem.core.effects import Effect, Respond
from xmpp_cem.core.inputs import Link, RequestArrived
from xmpp_cem.core.readings.metering import Metering, reading_of
from xmpp_cem.core.readings.pages import AFTER, MORE
from xmpp_cem.core.records import Member
from xmpp_cem.core.vtn.members.knocking import Knock, Knocking
from xmpp_cem.core.vtn.members.likeness import look_alike
from xmpp_cem.core.vtn.vtnstate import USABLE, VtnState
from xmpp_cem.messages.envelope import Level, ReplyError, Result
from xmpp_cem.messages.operations import (
    MOST_RESOURCES,
    DomainMembers,
    MemberEntry,
    RefusalEntry,
    WaitingEntry,
)
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.reading import Reading

_MOST_MEMBERS = 150
"""So many fit into a message, with room for long names."""


class Roll:
    """Tells operators who is a member and who is not, page by page, or all about one."""

    def __init__(self, state: VtnState, metering: Metering, knocking: Knocking) -> None:
        self._state = state
        self._metering = metering
        self._knocking = knocking

    def told(self, what: RequestArrived, now: datetime) -> list[Effect]:
        """Answer with a page of the members, or with all about the one that is named."""
        if what.message.names:
            return self._about(what, what.message.names[0], now)
        return [self._page(what, now)]

    def _page(self, what: RequestArrived, now: datetime) -> Respond:
        """Answer with the members after the party in Option `after`; who waits is told last."""
        after = dict(what.message.options).get(AFTER, "")
        members = self._state.members
        kept = (p for p, m in members.items() if m.standing is not Standing.EXPELLED)
        rest = sorted(party for party in kept if party > after)
        entries = tuple(self._entry(members[party]) for party in rest[:_MOST_MEMBERS])
        is_last = len(rest) <= _MOST_MEMBERS
        waiting = tuple(map(self._waits, self._knocking.waiting(now))) if is_last else ()
        body = DomainMembers(domain=self._state.settings.domain, members=entries, waiting=waiting)
        if is_last:
            return self._state.ok(what, now, body)
        reason = f"more after {entries[-1].party}"
        more = ReplyError(code=MORE, reason=reason, level=Level.INFORM)
        letters = self._state.letters
        reply = letters.reply(what.message, now, body, result=Result.PARTIAL, errors=(more,))
        return Respond(Link.LOWER, what.token, reply)

    def _about(self, what: RequestArrived, name: str, now: datetime) -> list[Effect]:
        """Answer with all about one party or account, also one that was expelled or waits."""
        account = name.lower()
        found = self._state.members.get(name) or self._by_account(account)
        knock = self._knocking.of(found.account if found else account)
        if found is None and knock is None:
            reason = (
                f"{name} is no member and has not knocked here; check domain, server and vtn "
                "in the file of its box"
            )
            return self._state.refuse(what, now, "2.15", reason)
        entries = (self._explained(found, account, now),) if found else ()
        waiting = (self._waits(knock),) if knock else ()
        body = DomainMembers(domain=self._state.settings.domain, members=entries, waiting=waiting)
        return [self._state.ok(what, now, body)]

    def _by_account(self, account: str) -> Member | None:
        members = self._state.members.values()
        present = (m for m in members if m.account == account)
        former = (m for m in members if account in m.former)
        return next(present, None) or next(former, None)

    def _entry(self, member: Member) -> MemberEntry:
        capability = member.capability
        newest = self._metering.newest(member.party)
        return MemberEntry(
            party=member.party,
            account=member.account,
            availability=member.availability,
            power_w=newest.power_w if newest else 0,
            increase_w=capability.increase_w if capability else 0,
            decrease_w=capability.decrease_w if capability else 0,
            committed_w=capability.committed_w if capability else 0,
            revision=capability.revision if capability else 0,
            last_heard=member.last_heard,
            standing=None if member.standing is Standing.MEMBER else member.standing,
            since=member.since,
            **(_rests(reading_of(member.party, newest)) if newest else {}),
        )

    def _explained(self, member: Member, asked: str, now: datetime) -> MemberEntry:
        findings = tuple(text[:256] for text in self._findings(member, asked, now))
        kept = self._state.refusals.get(member.account, ())
        refusals = tuple(RefusalEntry(at=r.at, code=r.code, reason=r.reason) for r in kept)
        able = member.capability
        told = {
            "findings": findings,
            "refusals": refusals,
            "resources": able.resources[:MOST_RESOURCES] if able else (),
        }
        return self._entry(member).model_copy(update=told)

    def _findings(self, member: Member, asked: str, now: datetime) -> Iterator[str]:
        """Yield in sentences what keeps a member from taking part."""
        why = f": {member.why}" if member.why else ""
        if asked in member.former:
            yield f"{asked} was replaced by {member.account}"
        if member.standing is Standing.EXPELLED:
            yield f"it was expelled at {_time(member.since)}{why}; members admit takes it in again"
            return
        if member.standing is Standing.LEAVING:
            yield f"it is being removed since {_time(member.since)}{why}"
            return
        if member.standing is Standing.LEFT:
            yield f"it ended its registration itself at {_time(member.since)}; start its agent"
        yield from self._absent(member, now)
        if member.capability is None:
            yield "it has not registered what it can do"

    def _absent(self, member: Member, now: datetime) -> Iterator[str]:
        if not self._state.knows_presence(now):
            yield "presences are not known yet: the VTN has just connected"
        elif member.last_heard is None:
            yield f"never heard: nobody has come by the account {member.account}"
        elif member.availability is Availability.UNREACHABLE:
            lease = self._state.settings.lease.total_seconds()
            yield (
                f"no presence of it, or silent for more than {lease:g} s; "
                f"last heard at {_time(member.last_heard)}"
            )
        elif member.availability not in USABLE:
            yield f"its own presence says {member.availability.value}"

    def _waits(self, knock: Knock) -> WaitingEntry:
        known = [m.account for m in self._state.members.values()]
        alike = look_alike(knock.account, known)
        notes = [f"looks like {alike}"] if alike else []
        former = self._by_account(knock.account)
        if former is not None:
            notes.append(f"was {former.party} until {_time(former.since)}")
        return WaitingEntry(
            account=knock.account,
            first=knock.first,
            last=knock.last,
            times=knock.times,
            note="; ".join(notes)[:256],
        )


def _rests(reading: Reading) -> dict[str, Any]:
    """Return what a member's power rests on, where it is not its own and measured."""
    names = ("expected", "reporting", "oldest", "estimated_share_permille")
    told = {name: getattr(reading, name) for name in names}
    is_plain = all(value == Reading.model_fields[name].default for name, value in told.items())
    return {} if is_plain else told


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}" if at else "an unknown time"
