import itertools

import pytest

from xmpp_cem.core.access import Role, is_allowed
from xmpp_cem.messages.envelope import Noun, Verb
from xmpp_cem.wire.rules import FLOW_VERBS, PAST, Flow, broken_rule, is_spoken


def test_every_verb_belongs_to_one_flow():
    verbs = list(itertools.chain.from_iterable(FLOW_VERBS.values()))
    assert sorted(verbs) == sorted(Verb)


def test_every_action_has_its_past_tense():
    assert set(PAST) == FLOW_VERBS[Flow.TRANSACTION]
    assert set(PAST.values()) == FLOW_VERBS[Flow.EVENT]


@pytest.mark.parametrize("verb", ["show", "subscribe", "unsubscribe", "report", "stop", "", "GET"])
def test_a_deprecated_or_unknown_verb_is_refused_in_every_flow(verb):
    for flow in Flow:
        broken = broken_rule(flow, verb, Noun.CONTROLS)
        assert broken
        assert broken[0] == "2.9"


def test_every_noun_can_be_got_and_replied():
    for noun in Noun:
        is_got = noun is not Noun.OPERATION_SET
        assert (broken_rule(Flow.QUERY, Verb.GET, noun) is None) is is_got
        assert broken_rule(Flow.REPLY, Verb.REPLY, noun) is None


def test_an_unknown_noun_is_refused():
    broken = broken_rule(Flow.QUERY, Verb.GET, "ReceiptRecord")
    assert broken
    assert broken[0] == "2.5"


def test_a_card_is_never_cancelled():
    assert broken_rule(Flow.EVENT, Verb.CANCELED, Noun.CARD)


def test_whatever_a_role_may_ask_can_travel():
    for role, verb, noun in itertools.product(Role, Verb, Noun):
        if is_allowed(role, verb, noun):
            flow = Flow.QUERY if verb is Verb.GET else Flow.TRANSACTION
            assert broken_rule(flow, verb, noun) is None


@pytest.mark.parametrize("revision", ["cem-1.0", "cem-1.12", "cem-1.0-draft"])
def test_minor_revisions_are_understood(revision):
    assert is_spoken(revision)


@pytest.mark.parametrize("revision", ["cem-2.0", "cem-1", "cem-10.0", "1.0", "", "cem-1.0\n"])
def test_other_revisions_are_not(revision):
    assert not is_spoken(revision)
