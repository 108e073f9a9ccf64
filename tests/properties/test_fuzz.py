"""A short run of the fuzzer; `scripts/fuzz` runs millions."""

import random
from dataclasses import replace

import pytest

from tests.fuzz import EscapedError, broken, corpus, judge, run
from xmpp_cem.wire.payloads import IEC61968_9


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_broken_messages_are_messages_or_refused(seed):
    ends = run(1500, seed)
    assert ends["message"] > 0
    assert ends["1.8"] > 0


def test_every_vector_itself_ends_so():
    assert {judge(data) for data in corpus()} >= {"message", "1.8", "2.9"}


def test_what_escapes_is_told_with_its_bytes():
    def fails(*_):
        raise RecursionError("too deep")

    faulty = replace(IEC61968_9, recognise=fails)
    data = next(data for data in corpus() if judge(data, [IEC61968_9]) == "message")
    with pytest.raises(EscapedError, match="RecursionError"):
        judge(data, [faulty])


def test_the_same_seed_breaks_the_same():
    data = corpus()
    once, twice = (broken(data[0], data, random.Random(5)) for _ in range(2))  # noqa: S311
    assert once == twice
