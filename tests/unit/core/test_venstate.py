import pytest

from xmpp_cem.core.ven.venstate import VenSettings, VenState, is_address
from xmpp_cem.messages.configuration import EndDeviceConfig
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.ids import Jid, derived_id
from xmpp_cem.testing.builders import HOST, NOW, admission, at, plain_digest, transactions_in


@pytest.fixture
def state():
    return VenState(VenSettings("site", "grid", Jid(f"vtn@{HOST}", "vtn"), plain_digest))


def ask(state):
    body = EndDeviceConfig(party="site")
    (sent,) = transactions_in(state.request(Verb.CREATE, Noun.CONFIG, body, NOW, at(60)))
    return sent.header


def test_every_request_has_the_next_number_and_an_id_of_its_own(state):
    state.start(NOW)
    headers = [ask(state) for _ in range(3)]
    assert [h.sequence for h in headers] == [1, 2, 3]
    assert len({h.message_id for h in headers}) == 3
    assert {h.expires for h in headers} == {at(60)}


def test_after_a_restart_numbers_begin_anew_in_a_higher_epoch_with_other_ids(state):
    state.start(NOW)
    before = ask(state)
    state.start(NOW)
    after = ask(state)
    assert (after.epoch, after.sequence) == (before.epoch + 1, 1)
    assert after.message_id != before.message_id


def test_what_the_profile_of_the_domain_cannot_say_is_left_out():
    said = frozenset({StatusType.OVERRIDDEN})
    vtn = Jid(f"vtn@{HOST}", "vtn")
    state = VenState(VenSettings("site", "grid", vtn, plain_digest, statuses=said))
    state.start(NOW)
    state.save(admission=admission())
    kinds = (StatusType.STARTED, StatusType.OVERRIDDEN, StatusType.RECEIVED)
    made = [Status(id=derived_id(kind), type=kind, at=NOW) for kind in kinds]
    (sent,) = transactions_in(state.report(made, NOW))
    assert [status.type for status in sent.body.statuses] == [StatusType.OVERRIDDEN]
    assert state.report(made[:1], NOW) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("pubsub.x.example", True), ("a@x/y", True), ("", False), ("a b", False), ("@@", False)],
)
def test_an_address_is_told_from_other_text(text, expected):
    assert is_address(text) is expected
