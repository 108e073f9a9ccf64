import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from xmpp_cem.agents.sealing import signer, verified
from xmpp_cem.core.effects import Forget, Remember, SetTimer
from xmpp_cem.core.inputs import TimerFired
from xmpp_cem.core.settlement.cases import SettlementTerms
from xmpp_cem.core.vtn.history import HistorySettings
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, Verb
from xmpp_cem.messages.events import EndDeviceEvents
from xmpp_cem.messages.operations import SettlementEvidence
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Mode
from xmpp_cem.model.ids import derived_id
from xmpp_cem.model.reading import Quality, Reading
from xmpp_cem.model.time import Interval
from xmpp_cem.runtime.journal import read_record, write_record
from xmpp_cem.testing.builders import Domain, arrived, at, make_event, of_kind, reply_in, request

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
WINDOW_S = 10
START_S, END_S = 120, 180


class Settled(Domain):
    """A domain with one member of one resource, and everything that it was told to remember."""

    def __init__(self, terms=None, parties=("a",)):
        super().__init__(*parties)
        self.settings = replace(
            self.settings, sign=signer(KEY), settlement=terms or SettlementTerms(freeze_s=3600)
        )
        self.vtn = Vtn(self.settings)
        self.rows = {}
        self.epoch = 0

    def tell(self, what, seconds=0.0):
        effects = super().tell(what, seconds)
        for effect in effects:
            if isinstance(effect, Remember):
                self.rows[effect.record.kind, effect.record.key] = write_record(effect.record)
            elif isinstance(effect, Forget):
                self.rows.pop((effect.record.kind, effect.record.key), None)
        return effects

    def restart(self):
        self.vtn = Vtn(self.settings)
        for _, row in sorted(self.rows.items()):
            self.vtn.restore(read_record(row))

    def report(self, start_s, power_w, seconds=None, account="a", **values):
        """Let the member report one window, at its end or later."""
        window = Interval(start=at(start_s), end=at(start_s + WINDOW_S))
        now = start_s + WINDOW_S if seconds is None else seconds
        reading = Reading(resource="r", window=window, power_w=power_w, **values)
        self.epoch += 1
        header = Header(
            verb=Verb.CREATE,
            noun=Noun.READINGS,
            message_id=derived_id("report", self.epoch),
            timestamp=at(now),
            source="a",
        )
        message = RequestMessage(header=header, body=MeterReadings(readings=(reading,)))
        return self.tell(arrived(message, account), now)

    def call(self, seconds=0.0, **changes):
        """Let an operator ask for an event from 120 s to 180 s."""
        active = Interval(start=at(START_S), end=at(END_S))
        event = make_event(active=active, answer_by=at(110), **changes)
        body = EndDeviceControls(events=(event,))
        asked = request(Verb.CREATE, Noun.CONTROLS, "op", body)
        assert reply_in(self.tell(arrived(asked, "op", "x"), seconds)).result == "OK"
        return event.id

    def evidence(self, event):
        """Return the reply, and the file when there is one."""
        reply = reply_in(
            self.tell(arrived(request(Verb.GET, Noun.EVIDENCE, "op", ids=(event,)), "op", "x"), 500)
        )
        if not isinstance(reply.body, SettlementEvidence):
            return reply, None
        return reply, reply.body.text.encode()

    def answers(self, event, power_w, sequence, seconds):
        """Let the member answer, by a transaction."""
        opt = Opt.IN if power_w else Opt.OUT
        answer = Answer(
            id=derived_id("a", event.id),
            event=event.id,
            order=event.order,
            opt=opt,
            power_w=power_w,
            revision=1,
            sequence=sequence,
            at=at(seconds),
        )
        body = EndDeviceEvents(answers=(answer,))
        self.tell(arrived(request(Verb.CREATE, Noun.EVENTS, "a", body), "a"), seconds)

    def told(self, event):
        return verified(self.evidence(event)[1])["evidence"]

    def state(self, event, seconds=START_S - 30):
        return self.tell(TimerFired(f"vtn/event/{event}/baseline"), seconds)


@pytest.fixture
def domain():
    made = Settled()
    made.lead()
    made.register("a", 3000)
    made.presence("a", seconds=1)
    return made


def ran(domain, lost=()):
    """Let an event run; without some of the windows."""
    for start in range(0, 90, WINDOW_S):
        domain.report(start, 5000, import_wh=1000 + start)
    event = domain.call(seconds=90)
    domain.state(event, 91)
    for start in range(90, END_S + 60, WINDOW_S):
        if start not in lost:
            power_w = 2000 if START_S <= start < END_S else 5000
            domain.report(start, power_w)
    domain.tell(TimerFired(f"vtn/event/{event}/end"), END_S)
    return event


def test_a_baseline_is_stated_before_the_event_begins(domain):
    for start in range(0, 60, WINDOW_S):
        domain.report(start, 4000 if start < 30 else 5000)
    event = domain.call(seconds=70)
    effects = domain.state(event)
    (baseline,) = [e.record for e in of_kind(effects, Remember) if e.record.kind == "baseline"]
    assert (baseline.revision, baseline.made < at(START_S)) == (1, True)
    assert [step.power_w for step in baseline.steps] == [5000]
    assert domain.state(event, START_S - 20) == []


def test_a_baseline_of_which_nothing_is_known_is_tried_again_until_the_event_begins(domain):
    event = domain.call(seconds=70)
    (timer,) = of_kind(domain.state(event, 90), SetTimer)
    assert timer.at == at(95)
    domain.report(80, 5000, seconds=94)
    assert of_kind(domain.state(event, 95), SetTimer) == []
    baseline = domain.told(event)["baseline"]
    assert (baseline["revision"], baseline["steps"][0]["power_w"]) == (2, 5000)


def test_many_resources_of_which_nothing_is_known_are_not_tried_without_a_pause():
    parties = [f"m{n:02}" for n in range(25)]
    domain = Settled(parties=parties)
    domain.lead()
    for party in parties:
        domain.register(party, 3000)
        domain.presence(party, seconds=1)
    event = domain.call(seconds=70)
    waits = [of_kind(domain.state(event, 90), SetTimer)[0].at for _ in range(4)]
    assert waits == [at(90), at(90), at(95), at(95)]


def test_a_baseline_once_stated_stands_whatever_comes_in_later(domain):
    event = ran(domain)
    before = domain.told(event)["baseline"]
    domain.report(80, 9000, seconds=300, revision=1)
    domain.restart()
    domain.lead()
    assert domain.told(event)["baseline"] == before


def test_what_was_delivered_is_told_by_quarter_hours(domain):
    told = domain.told(ran(domain))
    (row,) = told["periods"]
    assert (row["energy_wh"], row["baseline_wh"], row["delivered_wh"]) == (33, 83, -50)
    assert (told["total"]["delivered_wh"], told["gaps"]) == (-50, [])


def test_a_lost_reading_is_a_gap_that_is_flagged_and_nothing_is_delivered_for_it(domain):
    told = domain.told(ran(domain, lost={140}))
    assert told["gaps"] == [{"start": "2026-01-15T12:02:20Z", "end": "2026-01-15T12:02:30Z"}]
    assert told["total"]["energy_wh"] is None
    assert told["total"]["delivered_wh"] is None
    assert told["periods"][0]["covered_ms"] == 50_000


def test_a_lost_reading_that_comes_in_by_the_freeze_counts_and_is_flagged(domain):
    event = ran(domain, lost={140})
    domain.report(140, 2000, seconds=END_S + 3600)
    told = domain.told(event)
    assert told["total"]["delivered_wh"] == -50
    assert [r["is_late"] for r in told["readings"]].count(True) == 1


def test_a_correction_before_the_freeze_changes_the_result_and_the_old_one_is_told(domain):
    event = ran(domain)
    domain.report(140, 200, seconds=400, revision=1)
    told = domain.told(event)
    assert told["total"]["delivered_wh"] == -55
    assert [r["power_w"] for r in told["readings_replaced"]] == [2000]


@pytest.mark.parametrize("restarts", [False, True])
def test_a_correction_within_the_event_takes_the_place_of_what_was_counted(domain, restarts):
    """Also where a VTN that was killed counted the window, and knows it from its history alone."""
    for start in range(0, START_S, WINDOW_S):
        domain.report(start, 5000)
    event = domain.call(seconds=90)
    domain.answers(domain.vtn.dispatching.dispatches[event].event, -3000, 1, 95)
    for start in (START_S, START_S + WINDOW_S):
        domain.report(start, 2000)
    if restarts:
        domain.restart()
        domain.lead()
        domain.presence("a", seconds=141)
    domain.report(START_S, 3000, seconds=142, revision=1)
    (part,) = domain.vtn.dispatching.parts[event].values()
    assert part.delivered_ws == -WINDOW_S * (2000 + 3000)


def test_a_correction_after_the_freeze_is_told_beside_and_changes_nothing(domain):
    event = ran(domain)
    before = domain.told(event)
    domain.report(140, 200, seconds=END_S + 3600 + 31, revision=1)
    told = domain.told(event)
    assert (told["total"], told["periods"]) == (before["total"], before["periods"])
    assert [r["power_w"] for r in told["readings_after_freeze"]] == [200]


def test_evidence_is_the_same_bytes_again_and_after_a_restart(domain):
    event = ran(domain)
    first = domain.evidence(event)[1]
    assert first == domain.evidence(event)[1]
    domain.restart()
    domain.lead()
    assert first == domain.evidence(event)[1]


def test_every_version_of_an_event_and_every_answer_is_told(domain):
    event = domain.call(seconds=0)
    published = domain.vtn.dispatching.dispatches[event].event
    for sequence, power_w in ((1, -3000), (2, 0)):
        domain.answers(published, power_w, sequence, 2 + sequence)
    domain.state(event)
    domain.vtn.dispatching.cancel(event, "not needed", at(6))
    domain.tell(TimerFired("vtn/records"), 100)
    told = domain.told(event)
    assert [a["answer"]["opt"] for a in told["answers"]] == ["opted-in", "opted-out"]
    assert told["versions"][-1]["event"]["status"] == "cancelled"
    assert told["moves_power"] is False


def test_an_event_that_moves_no_power_has_no_baseline(domain):
    event = domain.call(mode=Mode.COMMS)
    assert domain.state(event) == []
    reply, _ = domain.evidence(event)
    assert reply.errors[0].code == "2.15"


def test_members_may_not_ask_for_evidence(domain):
    asked = request(Verb.GET, Noun.EVIDENCE, "a", ids=(derived_id("e"),))
    assert reply_in(domain.tell(arrived(asked, "a"), 5)).errors[0].code == "7.5"


def test_a_vtn_without_a_key_says_so():
    domain = Settled()
    domain.settings = replace(domain.settings, sign=None)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    assert domain.evidence(derived_id("e"))[0].errors[0].code == "5.7"


def test_what_is_kept_of_an_event_is_forgotten_with_it_and_its_day_later(domain):
    event = ran(domain)
    week = END_S + 7 * 86_400
    kinds = {"version", "replies", "baseline"}
    assert kinds - {"replies"} <= {kind for kind, _ in domain.rows}
    domain.tell(TimerFired("vtn/heartbeat"), week)
    assert not kinds & {kind for kind, _ in domain.rows}
    assert ("case", event) in domain.rows
    domain.tell(TimerFired("vtn/heartbeat"), END_S + 32 * 86_400)
    assert not {"case", "block"} & {kind for kind, _ in domain.rows}


def test_an_operator_sees_the_baseline_beside_each_share(domain):
    event = ran(domain)
    asked = request(Verb.GET, Noun.DISPATCH, "op", ids=(event,))
    (share,) = reply_in(domain.tell(arrived(asked, "op", "x"), 400)).body.shares
    assert share.baseline_w == 5000


def test_an_estimate_of_a_window_that_has_not_ended_is_not_counted(domain):
    domain.report(100, 5000, seconds=105, quality=Quality.ESTIMATED)
    assert not any(kind == "block" for kind, _ in domain.rows)


def test_the_document_is_text_of_one_line_in_ascii(domain):
    data = domain.evidence(ran(domain))[1]
    assert data.isascii()
    assert b"\n" not in data
    assert json.loads(data)["signature"]["algorithm"] == "Ed25519"


def test_how_much_is_kept_is_configured():
    domain = Settled()
    kept = HistorySettings(history_for=timedelta(days=2), readings_for=timedelta(hours=1))
    domain.settings = replace(domain.settings, history=kept)
    domain.vtn = Vtn(domain.settings)
    domain.lead()
    domain.register("a", 3000)
    for start in range(0, 120, WINDOW_S):
        domain.report(start, 5000)
    domain.tell(TimerFired("vtn/heartbeat"), 2 * 3600)
    (block,) = [row for (kind, _), row in domain.rows.items() if kind == "block"]
    assert read_record(block).length_s == 86_400
    assert len(read_record(block).text.split()) == 1
    domain.tell(TimerFired("vtn/heartbeat"), 4 * 86_400)
    assert not any(kind == "block" for kind, _ in domain.rows)


def delivered_wh(domain, event):
    asked = request(Verb.GET, Noun.DISPATCH, "op", ids=(event,))
    return reply_in(domain.tell(arrived(asked, "op", "x"), 600)).body.delivered_wh


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_correction_counts_once_in_what_was_delivered_also_over_a_restart(domain, is_restarted):
    event = ran(domain)
    assert delivered_wh(domain, event) == -50

    def again():
        if is_restarted:
            domain.restart()
            domain.lead()

    again()
    domain.report(140, 200, seconds=400, revision=1)
    assert delivered_wh(domain, event) == -55
    again()
    domain.report(140, 200, seconds=410, revision=1)
    assert delivered_wh(domain, event) == -55
    domain.report(140, 3800, seconds=420, revision=2)
    assert delivered_wh(domain, event) == -45


def test_what_is_told_once_more_after_a_restart_is_no_correction_again(domain):
    """A page of the past may begin before what was known."""
    event = ran(domain)
    for revision, power_w in ((1, 200), (2, 3800)):
        domain.report(140, power_w, seconds=400 + revision, revision=revision)
    assert delivered_wh(domain, event) == -45
    domain.restart()
    domain.lead()
    for revision, power_w in ((0, 2000), (1, 200), (2, 3800)):
        domain.report(140, power_w, seconds=410 + revision, revision=revision)
        assert delivered_wh(domain, event) == -45


def test_without_what_was_told_before_the_restart_nothing_is_corrected(domain):
    event = ran(domain)
    domain.rows = {key: row for key, row in domain.rows.items() if key[0] != "block"}
    domain.restart()
    domain.lead()
    domain.report(140, 200, seconds=400, revision=1)
    assert delivered_wh(domain, event) == -50


def seconds_of(span):
    end, start = (datetime.fromisoformat(span[name]) for name in ("end", "start"))
    return (end - start).total_seconds()


def test_the_file_says_when_it_is_final_and_is_the_same_whenever_it_is_asked_for(domain):
    event = ran(domain)
    asked = arrived(request(Verb.GET, Noun.EVIDENCE, "op", ids=(event,)), "op", "x")
    frozen_s = END_S + 3600
    files = {
        reply_in(domain.tell(asked, seconds)).body.text
        for seconds in (500, frozen_s, frozen_s + 86_400)
    }
    assert len(files) == 1
    told = domain.told(event)
    assert (told["freezes"], told["terms"]["freeze_s"]) == ("2026-01-15T13:03:00Z", 3600)


def test_whoever_has_the_file_reckons_the_same_from_it_alone(domain):
    told = domain.told(ran(domain))
    inside = [r for r in told["readings"] if told["active"]["start"] <= r["start"]]
    inside = [r for r in inside if r["end"] <= told["active"]["end"]]
    energy_wh = sum(r["power_w"] * seconds_of(r) for r in inside) / 3600
    baseline_wh = (
        sum(s["power_w"] * seconds_of(s["interval"]) for s in told["baseline"]["steps"]) / 3600
    )
    assert abs(energy_wh - told["total"]["energy_wh"]) < 1
    assert abs(energy_wh - baseline_wh - told["total"]["delivered_wh"]) < 1
    assert told["total"]["delivered_wh"] == -50
