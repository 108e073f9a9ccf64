import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.drivers.driver import Reading, Reversion
from xmpp_cem.drivers.script.lines import answer, description, question, reading
from xmpp_cem.errors import DriverError

EV = {"kind": "ev", "rated_import_w": 11_040, "rated_export_w": 0}
READING = {"power_w": -5, "increase_w": 5, "decrease_w": 0}


def test_a_question_is_one_line():
    assert question(7, "apply", power_w=-3) == b'{"id": 7, "do": "apply", "power_w": -3}\n'


def test_an_answer_has_the_number_of_its_question():
    assert answer(b'{"id": 7, "power_w": 1}\n') == (7, {"id": 7, "power_w": 1})


@given(st.binary(max_size=80))
def test_any_bytes_are_an_answer_or_refused(line: bytes):
    try:
        number, said = answer(line)
    except DriverError:
        return
    assert said["id"] == number


@pytest.mark.parametrize("line", [b"{}", b"[1]", b'{"id": "7"}', b"hello", b"\xff", b""])
def test_what_answers_nothing_is_refused(line: bytes):
    with pytest.raises(DriverError, match="the script said"):
        answer(line)


def test_a_description_needs_kind_and_ratings_and_may_say_more():
    plain = description(EV)
    assert (plain.kind, plain.limits.rated_import_w, plain.reverts) == ("ev", 11_040, False)
    assert plain.is_volatile
    more = EV | {"least_import_w": 4140, "reverts_after_s": 60, "volatile": False, "later": 1}
    told = description(more)
    assert (told.limits.least_import_w, told.is_volatile) == (4140, False)
    assert told.reversion == Reversion(60, 20)
    assert description(more | {"refresh_s": 5}).reversion == Reversion(60, 5)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"rated_import_w": -1}, "rated_import_w"),
        ({"rated_export_w": 1.5}, "rated_export_w"),
        ({"kind": None}, "kind"),
        ({"step_w": 0}, "step_w"),
        ({"reverts_after_s": 0}, "reverts_after_s"),
        ({"reverts_after_s": 60, "refresh_s": 60}, "the answer"),
    ],
)
def test_a_wrong_description_names_its_key(changes: dict[str, object], key: str):
    with pytest.raises(DriverError, match=f"the script's {key}: "):
        description(EV | changes)


def test_what_a_reading_leaves_out_is_unknown():
    assert reading(READING) == Reading(-5, 5, 0, None, None, None, overridden=False)


def test_a_reading_may_tell_of_store_and_departure():
    told = reading(READING | {"stored_wh": 3, "charge_permille": 9, "departs": "2030-01-01T05:00Z"})
    assert (told.stored_wh, told.charge_permille) == (3, 9)
    assert told.departs == datetime(2030, 1, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes", [{"power_w": 0.5}, {"increase_w": -1}, {"departs": "tomorrow"}, {"power_w": None}]
)
def test_a_wrong_reading_names_its_key(changes: dict[str, object]):
    with pytest.raises(DriverError, match=f"the script's {next(iter(changes))}: "):
        reading(READING | changes)


whole = st.integers(0, 10**9)


@given(st.integers(-(10**9), 10**9), whole, whole, st.none() | whole, st.booleans())
def test_a_reading_survives_its_line(power, up, down, stored, overridden):
    said = {"power_w": power, "increase_w": up, "decrease_w": down}
    said |= {"stored_wh": stored, "overridden": overridden}
    _, read = answer(json.dumps({"id": 1} | said).encode())
    assert reading(read) == Reading(power, up, down, None, None, stored, overridden=overridden)
