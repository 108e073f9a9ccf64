"""A gateway: a VEN above and a VTN below, between which events and readings cascade."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from xmpp_cem.core.cascade.cascading import Cascading
from xmpp_cem.core.cascade.ends import End, Lower, Upper
from xmpp_cem.core.cascade.folding import Folding
from xmpp_cem.core.cascade.rolling import Rolling
from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.cascade.showing import Crowd, Damper, Shown, powers_now
from xmpp_cem.core.concerns import Concern, about_vtn
from xmpp_cem.core.effects import AskDecision, Effect, Remember, SetTimer
from xmpp_cem.core.inputs import (
    CaughtUp,
    Heard,
    Input,
    Link,
    QueryAnswered,
    ReplyArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.readings.onchange import OnChange
from xmpp_cem.core.records import Record
from xmpp_cem.core.ven.losing import released
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.model.ids import Jid, ResourceId

_TICK = "cascade/tick"
_LOOK = TimerFired(_TICK)
_QUIET = CaughtUp | Heard | QueryAnswered | ReplyArrived | TimerFired
"""The inputs that leave all as it was where nothing is to be remembered of them."""

_CASCADES = frozenset({"delta", "multiplier", "set-point", "limit", "price", "level"})


def _has_news(effects: Iterable[Effect]) -> bool:
    """Whether something has changed that the levels of a gateway may differ in."""
    return any(isinstance(effect, Remember) for effect in effects)


def _follows(settings: GatewaySettings) -> frozenset[str]:
    """Return the kinds of signals that cascade; a limit where every domain below can say it."""
    is_said = not any(each.tells_the_set for each in settings.lowers)
    return _CASCADES if is_said else _CASCADES - {"limit"}


class Gateway:
    """The cascade: what is committed above and dispatched below is made to agree after every input.

    The lower event's id follows from the upper one, so that a crash between any two steps leads
    to the same lower event and the same answer.
    """

    def __init__(self, settings: GatewaySettings) -> None:
        self._party = settings.upper.party
        self._look_every = settings.look_every
        self.uppers: tuple[Upper, ...] = tuple(
            End(
                Ven(replace(each, follows=_follows(settings), has_members=True)),
                link,
                each.domain if settings.more_upper else "",
                takes_over=each is settings.upper,
            )
            for each, link in zip(settings.uppers, settings.upper_links, strict=True)
        )
        self.lowers: tuple[Lower, ...] = tuple(
            End(
                Vtn(each, is_summed=True),
                link,
                each.domain if settings.more_lower else "",
                takes_over=each is settings.lower,
            )
            for each, link in zip(settings.lowers, settings.lower_links, strict=True)
        )
        self._ends: dict[Link, Upper | Lower] = {}
        self._ends.update({end.link: end for end in self.uppers})
        self._ends.update({end.link: end for end in self.lowers})
        self._cascading = Cascading(settings, self.uppers, self.lowers)
        self._rolling = Rolling(self._party, self.lowers)
        foldings = {upper.link: Folding() for upper in self.uppers}
        self._crowds = {up.link: self._crowds_for(up, foldings[up.link]) for up in self.uppers}
        self._parties: dict[Link, tuple[int, int]] = {}
        self._shows = {link: Shown(self._party, folding) for link, folding in foldings.items()}
        self._on_change = {
            upper.link: OnChange(
                upper.role.settings.report_change_w, upper.role.settings.report_change_every
            )
            for upper in self.uppers
        }
        self._dampers = {upper.link: Damper(settings.show_every) for upper in self.uppers}

    def _crowds_for(self, upper: Upper, folding: Folding) -> tuple[Crowd, ...]:
        contentions = self._cascading.contentions
        return tuple(
            Crowd(lower, upper.domain, folding, contentions[lower.domain]) for lower in self.lowers
        )

    @property
    def ven(self) -> Ven:
        """Our role in the first domain above."""
        return self.uppers[0].role

    @property
    def vtn(self) -> Vtn:
        """Our role in the first domain below."""
        return self.lowers[0].role

    def service(self, link: Link) -> Jid | None:
        """Return the pubsub service of a connection, once it is known."""
        end = self._ends[link]
        return end.role.settings.service if isinstance(end.role, Vtn) else end.role.service

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart."""
        for end in self._ends.values():
            end.restore(record)

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to, on all levels; what time alone does waits for a tick."""
        taken = self._taken(what, now)
        effects: list[Effect] = [e for e in taken if not isinstance(e, AskDecision)]
        if isinstance(what, _QUIET) and what != _LOOK and not _has_news(effects):
            return effects
        effects += self._cascading.circles.look(now)
        effects += self._cascading.agreed(now)
        effects += self._shown(now)
        for lower in self.lowers:
            effects += lower.placed(lower.role.publish_changes(now))
        return effects

    def concerns(self, now: datetime) -> tuple[Concern, ...]:
        """Return what is not as it should be, above and below."""
        above = (c for upper in self.uppers for c in about_vtn(upper.role.vtn_silent_since))
        circles = (
            Concern(f"the domain {upper.domain} above is below us too: nothing is shown there")
            for upper in self.uppers
            if upper.link in self._cascading.circles.links
        )
        return (*above, *circles, *(c for lower in self.lowers for c in lower.role.concerns(now)))

    def _taken(self, what: Input, now: datetime) -> list[Effect]:
        """Let the end act that an input is for."""
        if isinstance(what, Started):
            effects = [e for end in self._ends.values() for e in end.start(now)]
            self._rolling.resume(self.uppers, now)
            return [*effects, SetTimer(_TICK, now)]
        if isinstance(what, TimerFired):
            if what.key == _TICK:
                again = SetTimer(_TICK, now + self._look_every)
                return [again, *self._released(now), *self._told(now)]
            return [
                effect
                for end in self._ends.values()
                if end.has(what.key)
                for effect in end.fire(what.key, now)
            ]
        return self._ends[getattr(what, "link", self.uppers[0].link)].handle(what, now)

    def _released(self, now: datetime) -> list[Effect]:
        """Let go of what a programme above does not want to go on without its VTN."""
        effects: list[Effect] = []
        for upper in self.uppers:
            effects += upper.placed(released(upper.role, now, has_failsafe=False))
        return effects

    def _told(self, now: datetime) -> list[Effect]:
        """Report above the sums of what the members reported."""
        readings = self._rolling.due(now)
        above = [up for up in self.uppers if up.link not in self._cascading.circles.links]
        if not readings:
            return [e for up in above for e in up.placed(self._told_early(up, now))]
        for up in above:
            self._on_change[up.link].told(self._present(up), now)
        return [e for up in above for e in up.placed(up.role.report(readings, now))]

    def _told_early(self, upper: Upper, now: datetime) -> list[Effect]:
        """Report above the present sum, where it has left its dead band."""
        change, settings = self._on_change[upper.link], upper.role.settings
        if settings.report_change_w is None or upper.role.state.capability is None:
            return []
        powers = self._present(upper)
        if not change.lets(powers, now):
            return []
        change.told(powers, now)
        parties = self._parties.get(upper.link, (0, 0))
        early = self._rolling.so_far(powers_now(self.lowers), parties, now)
        return upper.role.report_early((early,), now)

    def _present(self, upper: Upper) -> dict[ResourceId, int]:
        """Return the present power of what we stand for in a domain, W."""
        if upper.role.settings.report_change_w is None:
            return {}
        return {self._party: sum(each.power_w for each in powers_now(self.lowers))}

    def _shown(self, now: datetime) -> list[Effect]:
        """Show in each domain above what the members show below: presence cascades.

        A domain that is below us too is shown nothing: what it has would come back to it as ours.
        """
        if not any(lower.role.knows_presence(now) for lower in self.lowers):
            return []
        effects: list[Effect] = []
        moved = [lower.role.moved() for lower in self.lowers]
        for upper in self.uppers:
            crowds = self._crowds[upper.link]
            for crowd, changed in zip(crowds, moved, strict=True):
                crowd.look(changed, now)
            is_circle = upper.link in self._cascading.circles.links
            resource, members = self._shows[upper.link].of(() if is_circle else crowds)
            self._parties[upper.link] = resource.expected or 0, resource.reporting or 0
            if self._dampers[upper.link].lets(resource, members, now):
                effects += upper.placed(upper.role.update((resource,), now, members))
        return effects
