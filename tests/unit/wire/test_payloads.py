from typing import get_args

from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.envelope import Noun
from xmpp_cem.wire.payloads import FORMATS


def test_every_noun_of_the_union_has_one_format():
    union, _ = get_args(Body)
    nouns = {body.model_fields["noun"].default for body in get_args(union)}
    assert nouns == set(FORMATS) == set(Noun) - {Noun.OPERATION_SET}
