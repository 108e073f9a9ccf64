from collections.abc import Callable

from typer.testing import Result

from xmpp_cem.cli.asking import _rows, _sentences, _Told
from xmpp_cem.messages.events import Status, StatusType
from xmpp_cem.model.answer import Answer, Opt
from xmpp_cem.model.event import Order
from xmpp_cem.model.ids import derived_id
from xmpp_cem.testing.builders import at, capability

EVENT = derived_id("event")
SAID = Answer(
    id=derived_id("answer"),
    event=EVENT,
    order=Order(epoch=1, modification=0),
    opt=Opt.IN,
    power_w=-1500,
    revision=1,
    sequence=1,
    at=at(0),
)
STARTED = Status(id=derived_id("status"), type=StatusType.STARTED, at=at(1), event=EVENT)


def test_asking_needs_an_operators_file(call: Callable[..., Result]):
    result = call("members", "ask", "gateway.toml", "site-1")
    assert result.exit_code == 2
    assert "role: is gateway" in result.stderr


def test_resources_and_events_are_told_in_words():
    told = _Told(capability(), (SAID,), (STARTED,))
    assert list(_rows(capability())) == [
        ("r", "test", "available", "+5.0 kW", "0.0 kW", "3.0 kW"),
    ]
    assert list(_sentences(told)) == [f"event {EVENT}: opted-in -1.5 kW, started"]


def test_who_has_not_answered_and_who_knows_nothing_is_told():
    waits = _Told(None, (), (STARTED.model_copy(update={"type": StatusType.RECEIVED}),))
    assert list(_sentences(waits)) == [f"event {EVENT}: not answered, received"]
    assert list(_sentences(_Told(None))) == ["it knows of no event that may still act"]
    assert _Told(None).as_json("a") == {
        "party": "a",
        "capability": None,
        "answers": [],
        "statuses": [],
    }
