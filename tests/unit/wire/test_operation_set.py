import pytest

from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.operation_set import read_operations
from xmpp_cem.wire.xml import parse


def operations(inside):
    payload = f"<Payload xmlns='{MESSAGE}'><OperationSet>{inside}</OperationSet></Payload>"
    return read_operations(parse(payload.encode()))


def operation(number=1, verb="cancel", noun="EndDeviceControls"):
    return (
        f"<Operation><operationId>{number}</operationId><noun>{noun}</noun>"
        f"<verb>{verb}</verb></Operation>"
    )


def test_operations_keep_their_order():
    found = operations(operation(7) + operation(2, "delete", "EndDeviceConfig"))
    assert [(o.id, o.verb, o.noun) for o in found.operations] == [
        (7, "cancel", "EndDeviceControls"),
        (2, "delete", "EndDeviceConfig"),
    ]
    assert not found.keeps_sequence


@pytest.mark.parametrize(
    ("inside", "code", "reason"),
    [
        ("", "1.8", "operations"),
        (operation() * 2, "1.8", "the same operationId"),
        ("".join(operation(n) for n in range(101)), "3.1", "100"),
        (operation(verb="get"), "2.9", "get"),
        (operation(verb="created"), "2.9", "created"),
        (operation(noun="Cats"), "2.5", "Cats"),
        (operation(noun="OperationSet", verb="execute"), "2.5", "OperationSet"),
        (operation(verb="create"), "1.7", "payload of EndDeviceControls"),
        ("<Operation><noun>a</noun></Operation>", "1.7", "operationId"),
        (
            f"<enforceTransactionalIntegrity>true</enforceTransactionalIntegrity>{operation()}",
            "5.9",
            "one by one",
        ),
    ],
)
def test_what_is_no_set_of_transactions_is_refused(inside, code, reason):
    with pytest.raises(RemoteProtocolError, match=reason) as caught:
        operations(inside)
    assert caught.value.code == code
