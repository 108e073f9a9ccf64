"""IDs and objects that requests and replies name (IEC 61968-100)."""

from enum import StrEnum

from pydantic import Field, model_validator

from xmpp_cem.model.text import Sentence
from xmpp_cem.model.value import Value

OPT, ENDED = "opt", "ended"
"""Types of the ID that a Reply names: an opt schedule that was taken, or what was cancelled."""


class IdKind(StrEnum):
    """What an ID is."""

    NAME = "name"
    UUID = "uuid"
    TRANSACTION = "transaction"
    OTHER = "other"


class NamedId(Value):
    """An ID of a Request or a Reply; what it names follows from the noun when nothing says it.

    Args:
        text: the ID.
        type, authority: of which kind of name, and who gave it.
        kind: what it is.
        object_type: class of the named object.
    """

    text: str = Field(max_length=256)
    type: Sentence | None = None
    authority: Sentence | None = None
    kind: IdKind | None = None
    object_type: Sentence | None = None

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, value: object) -> object:
        return {"text": value} if isinstance(value, str) else value


class FaultyObject(Value):
    """The object that an error is about."""

    mrid: Sentence | None = Field(default=None, min_length=1)
    type: Sentence | None = Field(default=None, min_length=1)
