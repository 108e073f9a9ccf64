from datetime import timedelta

import pytest

from tests.unit.core.home import READING, SERVICE, VTN, Home, controls, index, notes
from xmpp_cem.core.effects import (
    Admit,
    AskDecision,
    CatchUp,
    Publish,
    ShowPresence,
    WatchPresence,
)
from xmpp_cem.core.inputs import (
    Link,
    LinkChanged,
    PresenceChanged,
    ReplyArrived,
    Started,
    TransactionFailed,
)
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.messages.envelope import (
    FaultMessage,
    Noun,
    ReplyError,
    ResponseMessage,
    Result,
    Verb,
)
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Leadership
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.model.resource import ResourceState
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.testing.builders import (
    HOST,
    at,
    make_event,
    of_kind,
    plain_digest,
    share_of,
    transactions_in,
)


@pytest.fixture
def home():
    return Home().begin()


def test_a_new_connection_watches_the_vtn_shows_itself_and_registers():
    home = Home()
    home.tell(Started(), -30)
    home.can(3000, -30)
    effects = home.tell(LinkChanged(Link.UPPER, is_up=True), -20)
    assert of_kind(effects, WatchPresence)[0].account == Jid(VTN.bare)
    assert of_kind(effects, ShowPresence)[0].value.availability is Availability.AVAILABLE
    (asked,) = transactions_in(effects)
    assert (asked.header.verb, asked.body.capability.decrease_w) == (Verb.CREATE, 3000)
    assert of_kind(effects, CatchUp) == []


def test_without_a_connection_nothing_is_registered():
    home = Home()
    home.tell(Started(), -30)
    assert transactions_in(home.can(3000, -30)) == []


def test_an_admission_tells_where_to_read_and_whom_to_admit():
    home = Home()
    home.tell(Started(), -30)
    home.can(3000, -30)
    home.tell(LinkChanged(Link.UPPER, is_up=True), -20)
    effects = home.confirm(home.registrations[-1], -19)
    assert of_kind(effects, CatchUp) == [CatchUp(Link.UPPER, SERVICE, "n")]
    assert of_kind(effects, Admit)[0].accounts == {VTN.bare, "op@x.example"}
    assert home.ven.service == SERVICE
    assert home.ven.report_every == timedelta(seconds=15)


def test_a_reconnection_catches_up_at_once(home):
    home.tell(LinkChanged(Link.UPPER, is_up=False), 0)
    effects = home.tell(LinkChanged(Link.UPPER, is_up=True), 5)
    assert of_kind(effects, CatchUp) == [CatchUp(Link.UPPER, SERVICE, "n")]


def test_a_confirmed_revision_counts_from_the_vtns_commit(home):
    assert [(c.capability.revision, c.at) for c in home.ven.state.confirmed] == [(1, at(-19))]


def test_a_confirmation_that_comes_after_the_next_change_still_counts(home):
    home.can(2000, 0)
    first = home.registrations[-1]
    home.can(1000, 20)
    home.confirm(first, 21)
    assert [c.capability.decrease_w for c in home.ven.state.confirmed] == [3000, 2000]


def test_only_the_revision_that_the_vtn_names_is_confirmed(home):
    home.can(2000, 0)
    home.confirm(home.registrations[-1], 1, confirmed=1)
    assert [c.capability.decrease_w for c in home.ven.state.confirmed] == [3000]


def test_a_share_is_reckoned_from_what_was_confirmed_before_its_basis(home):
    home.can(1000, 5)
    home.confirm(home.registrations[-1], 6)
    home.tell(home.item(index()))
    event = make_event(signal=share_of("0.5", basis=at(0)))
    effects = home.tell(home.item(controls(event)), 7)
    assert of_kind(effects, AskDecision)[0].power_w == -1500


def test_an_admission_without_a_pubsub_service_is_refused_and_harms_nothing(home):
    effects = home.confirm(home.registrations[-1], 1, service="no address")
    assert notes(effects) == ["admission without a pubsub service refused"]
    assert home.ven.service == SERVICE


def test_small_changes_are_told_neither_soon_nor_ever(home):
    assert home.can(2900, 60) == []
    assert home.can(2000, -29) == []
    assert len(transactions_in(home.can(2000, 60))) == 1


def test_a_change_of_state_is_told_at_once(home):
    effects = home.can(3000, -29, state=ResourceState.OPTED_OUT)
    assert of_kind(effects, ShowPresence)[0].value.availability is Availability.OPTED_OUT
    assert transactions_in(effects)[0].header.verb is Verb.CHANGE


def test_a_vtn_that_begins_a_new_epoch_is_registered_with_again(home):
    def led(epoch, sender=VTN):
        leadership = Leadership(is_active=True, epoch=epoch)
        seen = PresenceChanged(Link.UPPER, sender, is_available=True, leadership=leadership)
        return transactions_in(home.tell(seen, 1))

    assert led(7) == []
    assert led(7) == []
    assert led(9, Jid(f"liar@{HOST}", "vtn")) == []
    assert [m.header.verb for m in led(8)] == [Verb.CREATE]


def test_reports_go_up_as_transactions_or_by_the_write_only_node(home):
    (sent,) = transactions_in(home.ven.report((READING,), at(10)))
    assert (sent.header.verb, sent.header.noun) == (Verb.CREATE, Noun.READINGS)
    home.confirm(home.registrations[-1], 11, uplink="publish")
    (published,) = of_kind(home.ven.report((READING,), at(20)), Publish)
    assert published.node == "r"
    assert published.item_id == published.message.header.message_id
    assert published.message.header.verb is Verb.CREATED


def test_what_is_sent_up_is_counted_and_has_ids_of_its_own(home):
    first, second = (home.ven.report((READING,), at(s)) for s in (10, 20))
    headers = [transactions_in(effects)[0].header for effects in (first, second)]
    assert headers[1].sequence == headers[0].sequence + 1
    assert headers[0].message_id != headers[1].message_id
    assert headers[0].epoch == home.record.epoch


def test_nothing_is_reported_before_admission():
    ven = Ven(VenSettings("site", "grid", VTN, plain_digest))
    status = Status(id=derived_id("s"), type=StatusType.STARTED, at=at(0))
    assert ven.report((READING,), at(0)) == []
    assert ven.tell(status, at(0)) == []


def test_a_refusal_and_a_fault_are_told_and_change_nothing(home):
    asked, before = home.registrations[-1], home.record
    error = ReplyError(code="2.14", reason="not you")
    header = asked.header.model_copy(update={"verb": Verb.REPLY})
    failed = ResponseMessage(header=header, result=Result.FAILED, errors=(error,))
    for reply in (failed, FaultMessage(errors=(error,))):
        effects = home.tell(ReplyArrived(Link.UPPER, asked, reply))
        assert notes(effects) == ["the VTN refused a message"]
    effects = home.tell(TransactionFailed(Link.UPPER, asked, "expired", "nobody there"))
    assert notes(effects) == ["the VTN did not take a message"]
    assert home.record == before


def test_a_restart_begins_a_new_epoch_and_forgets_neither_admission_nor_revisions(home):
    again = Home()
    again.ven.restore(home.record)
    again.tell(Started(), -31)
    assert again.record.epoch == home.record.epoch + 1
    assert again.ven.service == SERVICE
    again.can(100, 10)
    assert again.record.revision == 2


def rented(zone="UTC", rule="", opt_id="opt"):
    return OptSchedule(
        id=derived_id(opt_id),
        opt=Opt.OUT,
        zone=zone,
        start=(at(3600)).replace(tzinfo=None),
        duration_s=3600,
        rule=rule,
    )


def opts_of(home):
    """Return verb and opt ids of what was told one by one."""
    told = [m for m in home.requests if m.header.noun is Noun.EVENTS]
    return [(m.header.verb, m.names or tuple(s.id for s in m.body.schedules)) for m in told]


def test_where_a_registration_cannot_tell_opt_schedules_each_is_told_by_itself():
    home = Home(schedules=(rented(), rented(rule="FREQ=DAILY", opt_id="daily")), tells_rules=False)
    home.begin()
    assert opts_of(home) == [(Verb.CREATE, (derived_id("opt"),))]
    assert home.registrations[0].body.schedules == ()


def test_an_opt_schedule_that_is_configured_no_more_is_ended():
    home = Home(schedules=(rented(),), tells_rules=False).begin()
    again = Home(schedules=(), tells_rules=False)
    again.ven.restore(home.record)
    again.begin()
    assert opts_of(again) == [(Verb.CANCEL, (derived_id("opt"),))]
    assert again.record.opts == ()
