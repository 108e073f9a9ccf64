from xmpp_cem.messages.operations import MemberShare
from xmpp_cem.model.availability import Availability


def test_a_silent_member_has_no_answer_and_no_delivery():
    share = MemberShare(party="ven-7", availability=Availability.AVAILABLE, asked_w=-5)
    assert (share.opt, share.promised_w, share.delivered_w) == (None, 0, None)
