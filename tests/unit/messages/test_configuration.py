from xmpp_cem.messages.configuration import EndDeviceConfig


def test_a_party_may_tell_nothing_yet():
    config = EndDeviceConfig(party="ven-7")
    assert (config.capability, config.admission) == (None, None)
