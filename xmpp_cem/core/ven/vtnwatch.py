"""Whether a VEN still hears its VTN: the heartbeat that failsafe counts on."""

from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Level, Note, SetTimer
from xmpp_cem.core.inputs import (
    Input,
    QueryAnswered,
    ReplyArrived,
    RequestArrived,
    TimerFired,
    TransactionFailed,
)
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.model.availability import Leadership
from xmpp_cem.model.ids import Jid

VTN_TIMER = "ven/vtn"

LONGEST_HEARTBEAT_S = 300

_MISSED_HEARTBEATS = 2.5
"""So many without a sign, and the VTN is silent: within three heartbeats of its death."""

_SLEPT = timedelta(seconds=10)
"""A timer that fires so late shows that we slept ourselves; so long the VTN then gets to speak."""


class VtnWatch:
    """Says since when nothing was heard of the VTN, over whichever way.

    A new index, a request and an answer are signs of life. Presence is none, because it outlives a
    frozen VTN, and neither is an index that was fetched again. `silent_since` is the instant of the
    last sign, UTC, and None as long as the VTN is heard; without a connection it is silent too.
    `heartbeat_s` is what the index last told, in seconds.
    """

    def __init__(self, vtn: Jid) -> None:
        self._vtn = vtn
        self.heartbeat_s = LONGEST_HEARTBEAT_S
        self.silent_since: datetime | None = None
        self._heard: datetime | None = None
        self._due: datetime | None = None
        self._epoch: int | None = None

    def begin(self, now: datetime) -> SetTimer:
        """Watch from now on; what was before nobody knows."""
        self._heard = self._heard or now
        return self._expect(self._heard + self.patience)

    def notice(self, what: Input, now: datetime) -> list[Effect]:
        """Take note of what only a living VTN can have sent, and of our own timer."""
        match what:
            case RequestArrived(sender=sender) if sender == self._vtn:
                return self.heard(now)
            case ReplyArrived() | QueryAnswered():
                return self.heard(now)
            case TimerFired(key=key) if key == VTN_TIMER:
                return self.check(now)
            case _:
                return []

    def heard(self, now: datetime) -> list[Effect]:
        """Note a sign of life."""
        self._heard = now
        if self.silent_since is None:
            return []
        fields = (("silent_since", self.silent_since.isoformat()),)
        self.silent_since = None
        timer = self._expect(now + self.patience)
        return [Note("info", "the VTN is heard again", fields), timer]

    def indexed(self, heartbeat_s: int, now: datetime, *, is_newer: bool) -> list[Effect]:
        """Take the heartbeat from an index, which is a sign of life when it is a new one."""
        self.heartbeat_s = heartbeat_s
        effects = self.heard(now) if is_newer else []
        due = (self._heard or now) + self.patience
        if self._due is not None and due < self._due and self.silent_since is None:
            effects.append(self._expect(max(due, now)))
        return effects

    def check(self, now: datetime) -> list[Effect]:
        """Judge the silence when the timer is due."""
        if self._heard is None or self._due is None or self.silent_since:
            return []
        if now - self._due > _SLEPT:
            return [self._expect(now + _SLEPT)]
        if now < self._heard + self.patience:
            return [self._expect(self._heard + self.patience)]
        self.silent_since, self._due = self._heard, None
        fields = (("since", self._heard.isoformat()), ("heartbeat_s", str(self.heartbeat_s)))
        return [Note("warning", "the VTN is silent", fields)]

    def led(self, leadership: Leadership) -> tuple[list[Effect], bool]:
        """Take who leads; returns the effects, and whether that is another epoch than before."""
        known, self._epoch = self._epoch, leadership.epoch
        if known == leadership.epoch:
            return [], False
        note = Note("info", "the VTN is here", (("epoch", str(leadership.epoch)),))
        return [note], known is not None

    @property
    def patience(self) -> timedelta:
        """How long the VTN may say nothing before it is silent."""
        return timedelta(seconds=_MISSED_HEARTBEATS * self.heartbeat_s)

    def _expect(self, at: datetime) -> SetTimer:
        self._due = at
        return SetTimer(VTN_TIMER, at)


def not_taken(what: TransactionFailed) -> list[Effect]:
    """Return the note on a message that the VTN did not take; it asks for readings itself."""
    noun = what.request.header.noun
    level: Level = "info" if noun is Noun.READINGS else "warning"
    fields = (("noun", noun.value), ("why", what.reason))
    return [Note(level, "the VTN did not take a message", fields)]
