"""A VTN and a VEN whose reports and queries are lost as a test wants, without any server."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Forget, Publish, Query, Remember, SetTimer, Transact
from xmpp_cem.core.inputs import (
    ItemReceived,
    Link,
    LinkChanged,
    NodesVerified,
    QueryAnswered,
    QueryFailed,
    ReplyArrived,
    RequestArrived,
    Started,
    TimerFired,
)
from xmpp_cem.core.letters import Letters
from xmpp_cem.core.readings.metering import Window
from xmpp_cem.core.records import Record
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.configuration import Admission, EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, RequestMessage, Result, Verb
from xmpp_cem.model.ids import Jid, PartyId
from xmpp_cem.model.node import Uplink, reports_node
from xmpp_cem.model.reading import Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.testing.builders import HOST, Domain, at, of_kind, plain_digest, reply_in

STEP_S = 10
"""Length of a reporting window, s."""


class Reporter:
    """A VEN that reports its window's number as power, and a store that outlives it."""

    def __init__(self, party: PartyId, uplink: Uplink = Uplink.TRANSACTION) -> None:
        self.party = party
        self.records: dict[tuple[str, str], Record] = {}
        self.reported: dict[Interval, int] = {}
        self._uplink = uplink
        self._settings = VenSettings(party, "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest)
        self.ven = Ven(self._settings)
        self.restart(0)
        self._admit(0)

    def restart(self, seconds: float) -> None:
        """Begin anew with nothing but what was kept."""
        self.ven = Ven(self._settings)
        for name in sorted(self.records):
            self.ven.restore(self.records[name])
        self._kept(self.ven.handle(Started(), at(seconds)))

    def forget(self, seconds: float = 0) -> None:
        """Lose the store, but for the admission, and begin anew."""
        self.records.clear()
        self.restart(seconds)
        self._admit(seconds)

    def report(self, number: int) -> Transact | Publish:
        """Report the window of that number at its end; returns what carries it."""
        window = Interval(start=at(STEP_S * number), end=at(STEP_S * (number + 1)))
        reading = Reading(resource="r", window=window, power_w=number, import_wh=number)
        self.reported[window] = number
        effects = self._kept(self.ven.report((reading,), window.end))
        return next(e for e in effects if isinstance(e, Transact | Publish))

    def answer(self, query: Query, now: datetime) -> QueryAnswered:
        """Answer a query as it reaches us."""
        asked = RequestArrived(Link.UPPER, self._settings.vtn, "token", query.message)
        effects = self._kept(self.ven.handle(asked, now))
        return QueryAnswered(Link.LOWER, query.message, reply_in(effects))

    def _admit(self, seconds: float) -> None:
        asked = RequestMessage(
            header=Letters(self.party).header(Verb.CREATE, Noun.CONFIG, at(seconds)),
            body=EndDeviceConfig(party=self.party),
        )
        admission = Admission(
            domain="grid",
            service=f"pubsub.{HOST}",
            events=(),
            reports=reports_node("grid"),
            uplink=self._uplink,
            report_every_s=STEP_S,
            confirmed=0,
        )
        body = EndDeviceConfig(party=self.party, admission=admission)
        reply = Letters(self.party).reply(asked, at(seconds), body, result=Result.OK)
        self._kept(self.ven.handle(ReplyArrived(Link.UPPER, asked, reply), at(seconds)))

    def _kept(self, effects: list[Effect]) -> list[Effect]:
        keep(self.records, effects)
        return effects


def keep(records: dict[tuple[str, str], Record], effects: Iterable[Effect]) -> None:
    """Change what is kept as a store does."""
    for effect in effects:
        if isinstance(effect, Remember):
            records[effect.record.kind, effect.record.key] = effect.record
        elif isinstance(effect, Forget):
            records.pop((effect.record.kind, effect.record.key), None)


@dataclass
class Collector(Domain):
    """A VTN of such VENs that asks for what it misses; queries fail while `is_deaf`."""

    ven: Reporter
    is_deaf: bool = False
    now: datetime = field(default_factory=lambda: at(0))
    queries: list[Query] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    windows: dict[Interval, Window] = field(default_factory=dict)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    _timers: dict[str, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Lead the domain and see the member."""
        self.restart()

    def restart(self) -> None:
        """Begin anew with nothing but what was kept."""
        Domain.__init__(self, self.ven.party)
        for name in sorted(self.records):
            self.vtn.restore(self.records[name])
        self._timers.clear()
        for what in (Started(), LinkChanged(Link.LOWER, is_up=True), NodesVerified(Link.LOWER, ())):
            self._take(self.tell(what, self._seconds))
        self._take(self.presence(self.ven.party, seconds=self._seconds))

    def deliver(self, sent: Transact | Publish) -> None:
        """Let a report arrive, by whichever uplink."""
        sender = Jid(f"{self.ven.party}@{HOST}", "ven")
        if isinstance(sent, Transact) and isinstance(sent.message, RequestMessage):
            token = sent.message.header.message_id
            what = RequestArrived(Link.LOWER, sender, token, sent.message)
            self._take(self.tell(what, self._seconds))
        elif isinstance(sent, Publish):
            service = self.settings.service
            item = ItemReceived(Link.LOWER, service, sent.node, sent.item_id, sent.message, sender)
            self._take(self.tell(item, self._seconds))

    def wait(self, seconds: float) -> None:
        """Let time pass and timers fire."""
        end = self.now + timedelta(seconds=seconds)
        while True:
            asking = {key: due for key, due in self._timers.items() if key.startswith("vtn/ask/")}
            key = min(asking, key=lambda name: asking[name], default=None)
            if key is None or asking[key] > end:
                break
            self.now = max(self.now, self._timers.pop(key))
            self._take(self.tell(TimerFired(key), self._seconds))
        self.now = end

    @property
    def _seconds(self) -> float:
        return (self.now - at(0)).total_seconds()

    def _take(self, effects: list[Effect]) -> None:
        keep(self.records, effects)
        self.effects += effects
        for timer in of_kind(effects, SetTimer):
            if timer.at is not None:
                self._timers[timer.key] = timer.at
        self.windows.update(self.vtn.metering.history.get(self.ven.party, {}))
        for query in of_kind(effects, Query):
            self.queries.append(query)
            reason = "nobody answers"
            failed = QueryFailed(query.link, query.message, "remote-server-timeout", reason)
            what = failed if self.is_deaf else self.ven.answer(query, self.now)
            self._take(self.tell(what, self._seconds))
