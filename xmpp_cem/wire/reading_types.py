"""Reading types on the wire: how each is read from text, and what its `value` looks like."""

from collections.abc import Mapping

from xmpp_cem.model.reading import READINGS
from xmpp_cem.model.reading_type import ReadingType, Unit
from xmpp_cem.wire.codes import Code, quoted, refusal
from xmpp_cem.wire.fields import Fields
from xmpp_cem.wire.scalars import INSTANT, INTEGER, MILLI

_WHOLE = frozenset({Unit.WATT, Unit.WATT_HOUR, Unit.VAR})

VALUES: Mapping[str, Fields] = {
    field: {
        "at": ("timeStamp", INSTANT),
        field: ("value", INTEGER if kind.unit in _WHOLE else MILLI),
    }
    for field, kind in READINGS.items()
}
"""Field of a reading to what a Readings element of its type holds: whole W, Wh and VAr; volts,
power factor and state of charge with three decimals."""

FIELDS: Mapping[ReadingType, str] = {kind: field for field, kind in READINGS.items()}
"""Reading type to the field of a reading that it fills."""

TEXTS: Mapping[str, str] = {field: str(kind) for field, kind in READINGS.items()}
"""Field of a reading to its reading type's mRID."""

_KNOWN = {str(kind): kind for kind in FIELDS}


def read_type(text: str) -> ReadingType:
    """Return the reading type that `text`, an mRID, names.

    Raises:
        RemoteProtocolError: 2.6 for what is no mRID, 2.10 for one that the profile does not have.
    """
    if text in _KNOWN:
        return _KNOWN[text]
    try:
        kind = ReadingType.parse(text.strip())
    except ValueError as error:
        reason = f"ReadingType {quoted(text)}: {error}"
        raise refusal(Code.READING_TYPE_INVALID, reason) from None
    if kind not in FIELDS:
        raise refusal(Code.READING_TYPE, f"ReadingType {quoted(text)} is not known")
    return kind
