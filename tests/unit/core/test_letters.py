from xmpp_cem.core.letters import Letters
from xmpp_cem.messages.envelope import Noun, Result, Verb
from xmpp_cem.testing.builders import NOW, at, request

LETTERS = Letters("vtn")
ASKED = request(Verb.GET, Noun.MEMBERS, "operator")


def test_the_same_parts_give_the_same_id_whenever_it_is_written():
    first = LETTERS.header(Verb.CREATED, Noun.CARD, NOW, 1)
    assert LETTERS.header(Verb.CREATED, Noun.CARD, at(60), 1).message_id == first.message_id


def test_another_part_epoch_or_party_gives_another_id():
    other, later = Letters("b"), Letters("vtn")
    later.epoch = 1
    made = [LETTERS.header(Verb.CREATED, Noun.CARD, NOW, part) for part in (1, 2)]
    made += [who.header(Verb.CREATED, Noun.CARD, NOW, 1) for who in (other, later)]
    assert len({header.message_id for header in made}) == 4


def test_an_answer_names_what_it_answers():
    reply = LETTERS.reply(ASKED, NOW)
    assert reply.result is Result.OK
    assert (reply.header.verb, reply.header.noun) == (Verb.REPLY, Noun.MEMBERS)
    assert reply.header.correlation_id == ASKED.header.message_id
    assert reply.header.source == "vtn"


def test_a_refusal_carries_code_and_reason_short_enough_to_send():
    refused = LETTERS.refusal(ASKED, NOW, "2.14", "x" * 5000)
    assert refused.result is Result.FAILED
    assert (refused.errors[0].code, len(refused.errors[0].reason)) == ("2.14", 1024)
