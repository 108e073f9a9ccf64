"""A gateway's ends: its VENs above and its VTNs below, each with its connection and its records."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from xmpp_cem.core.effects import Effect, Forget, Linked, Remember, SetTimer
from xmpp_cem.core.inputs import Input, Link, Started, TimerFired
from xmpp_cem.core.kept import DomainName
from xmpp_cem.core.records import Record
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.model.ids import DomainId

_MARK = "|"

R = TypeVar("R", bound=Ven | Vtn)


class End(Generic[R]):
    """One role of a gateway, which knows nothing of the others.

    What it wants is moved to its own connection, its own timers and its own place in the store.

    Args:
        role: a VEN or a VTN.
        link: its connection.
        name: the domain under which its records are kept; empty where it is alone on its side.
        takes_over: whether records of a store from before there were several domains are its own.
    """

    def __init__(self, role: R, link: Link, name: DomainName, *, takes_over: bool) -> None:
        self.role = role
        self.link = link
        self.domain: DomainId = role.settings.domain
        self._name = name
        self._takes_over = takes_over
        self._moved: list[Record] = []
        self._has_own = False

    def restore(self, record: Record) -> None:
        """Take back a record from before a restart, if it is of this end."""
        if record.side != ("lower" if self.link.is_lower else "upper"):
            return
        if record.domain == self._name:
            self._has_own = True
            self.role.restore(record)
        elif record.domain == self.domain or (not record.domain and self._takes_over):
            self._moved.append(record)

    def start(self, now: datetime) -> list[Effect]:
        """Begin, from records that were kept under another name where there are no others."""
        moved, self._moved = self._moved, []
        effects: list[Effect] = [Forget(record) for record in moved]
        if not self._has_own:
            for record in moved:
                self.role.restore(record)
                effects.append(Remember(record.model_copy(update={"domain": self._name})))
        return [*effects, *self.handle(Started(), now)]

    def handle(self, what: Input, now: datetime) -> list[Effect]:
        """Return what one input leads to, in its place."""
        return self.placed(self.role.handle(what, now))

    def fire(self, key: str, now: datetime) -> list[Effect]:
        """Wake the role by its own name of a timer."""
        return self.handle(TimerFired(key.partition(_MARK)[2] or key), now)

    def has(self, key: str) -> bool:
        """Whether a timer is this end's."""
        prefix, mark, _ = key.partition(_MARK)
        if mark:
            return prefix == self.link
        return not self._name and key.startswith("ven/") != self.link.is_lower

    def placed(self, effects: Iterable[Effect]) -> list[Effect]:
        """Return what the role wants, as this end's."""
        return [self._placed(effect) for effect in effects] if self._name else list(effects)

    def _placed(self, effect: Effect) -> Effect:
        if isinstance(effect, Remember | Forget):
            return replace(effect, record=effect.record.model_copy(update={"domain": self._name}))
        if isinstance(effect, SetTimer):
            return replace(effect, key=f"{self.link}{_MARK}{effect.key}")
        if isinstance(effect, Linked):
            return replace(effect, link=self.link)
        return effect


Upper = End[Ven]
"""Where a gateway is a VEN."""
Lower = End[Vtn]
"""Where a gateway is the VTN."""
