import pytest
from pydantic import ValidationError

from xmpp_cem.model.answer import Answer

ANSWER = {
    "id": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01",
    "event": "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a02",
    "order": {"epoch": 1, "modification": 0},
    "opt": "opted-in",
    "power_w": -5,
    "revision": 1,
    "sequence": 1,
    "at": "2026-01-31T12:00:00Z",
}


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": 0},
        {"revision": -1},
        {"revision": 2**53 + 1},
        {"opt": "maybe"},
        {"mood": "good"},
    ],
)
def test_an_answer_out_of_bounds_is_refused(change):
    Answer.model_validate(ANSWER)
    with pytest.raises(ValidationError):
        Answer.model_validate({**ANSWER, **change})
