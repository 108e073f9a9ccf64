from xmpp_cem.messages.events import StatusType


def test_a_status_type_has_four_numbers():
    for status in StatusType:
        assert len([int(part) for part in status.value.split(".")]) == 4
