"""The reply codes of IEC 61968-9 with which the codec refuses a message."""

from enum import StrEnum

from xmpp_cem.errors import RemoteProtocolError


class Code(StrEnum):
    """What is wrong with a message, as far as its bytes alone show it.

    | code | used for |
    |---|---|
    | 1.5 | a mandatory element of the header is missing |
    | 1.7 | the payload, or something mandatory inside it, is missing |
    | 1.8 | no XML, a forbidden construct, a wrong root, a bad value, two statements that differ |
    | 1.9 | a major revision of the profile that we do not speak |
    | 2.5 | a noun that the profile does not have |
    | 2.6 | a reading type that is not eighteen numbers |
    | 2.10 | a reading type that the profile does not have |
    | 2.9 | a verb that does not exist, or not with this noun or in this flow |
    | 2.13 | a target within a party, where only whole parties are addressed |
    | 2.29 | an `EndDeviceEventType`, `ReadingQualityType` or signal that is not known |
    | 5.9 | an OperationSet that wants all or nothing |
    | 3.1 | more of something than one message may hold |
    """

    HEADER_INCOMPLETE = "1.5"
    PAYLOAD_INCOMPLETE = "1.7"
    INVALID = "1.8"
    REVISION = "1.9"
    NOUN = "2.5"
    READING_TYPE_INVALID = "2.6"
    READING_TYPE = "2.10"
    VERB = "2.9"
    TARGET = "2.13"
    RELATION = "2.29"
    TOO_MANY = "3.1"
    INTEGRITY = "5.9"


def refusal(code: Code, reason: str) -> RemoteProtocolError:
    """Return the error that refuses a message; the MessageID is added by the codec."""
    return RemoteProtocolError(code.value, reason)


def quoted(text: str, longest: int = 60) -> str:
    """Return a peer's text as a reason may repeat it: short, and without control characters."""
    return ascii(text if len(text) <= longest else text[:longest] + "...")
