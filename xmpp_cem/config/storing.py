"""Where an agent keeps what must survive, and how much of the past."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo

from xmpp_cem.config.fields import Bounds, in_a_folder
from xmpp_cem.config.section import Section
from xmpp_cem.drivers.settings import anchored
from xmpp_cem.model.keeping import MOST_OUTGOING

_SCHEMES = ("postgresql+psycopg", "postgresql")


def store_name(place: Path | str) -> str:
    """Return a store's path, or its URL without the password."""
    if isinstance(place, Path):
        return str(place)
    parts = urlsplit(place)
    return place.replace(f":{parts.password}@", ":***@", 1) if parts.password else place


def _place(value: Any, info: ValidationInfo) -> Path | str:
    if not isinstance(value, str | Path):
        raise ValueError(f"{value!r} is no path; write it in quotes")  # noqa: TRY004 pydantic's
    if "://" in str(value):
        return _database(str(value), urlsplit(str(value)))
    return in_a_folder(anchored(Path(value), info))


def _database(url: str, parts: SplitResult) -> str:
    if parts.scheme not in _SCHEMES:
        raise ValueError(
            f"{parts.scheme}:// is not supported; "
            f"give the path of a file, or {_SCHEMES[0]}://user@host/database"
        )
    if not parts.path.strip("/"):
        raise ValueError(f"{store_name(url)} names no database; end the URL with /database")
    return url


StorePlace = Annotated[Path | str, PlainValidator(_place), PlainSerializer(store_name)]
"""A file that may be made, or a database's URL, which is never shown with its password."""


class RetentionConfig(Section):
    """How much is kept of what has passed; what is older or more than that is deleted."""

    journal_rows: Annotated[int, Field(ge=100, le=10_000_000)] = 20_000
    """Newest inputs, for finding out what happened; up to a quarter more before they are pruned."""

    journal_bytes: Annotated[int, Field(ge=2**20, le=2**36)] = 64 * 2**20
    """Size of these inputs together."""

    replies: Annotated[int, Field(ge=1000, le=10_000_000)] = 100_000
    """Newest answers that are given again to whoever repeats a request."""

    replies_for: Annotated[timedelta, Bounds(86_400, 31_622_400)] = timedelta(hours=48)
    """How long such an answer is kept after the request's validity has ended, which counts up to
    31 days."""

    outbox: Annotated[int, Field(ge=1000, le=1_000_000)] = MOST_OUTGOING
    """Messages that wait to be sent. Of more, readings and then status are shed, controls never:
    new events are refused until there is room."""

    ended_for: Annotated[timedelta, Bounds(172_800, 31_622_400)] = timedelta(days=7)
    """How long a VTN or gateway keeps an event after its end."""

    ended_parts: Annotated[int, Field(ge=1000, le=10_000_000)] = 200_000
    """Ended events and members' parts in them, counted together; the oldest go first."""

    readings_for: Annotated[timedelta, Bounds(3600, 31_622_400)] = timedelta(hours=24)
    """How long a VTN or gateway keeps members' readings as they came; around kept events longer.
    Older ones are folded into one for each quarter-hour without a gap."""

    readings_bytes: Annotated[int, Field(ge=2**20, le=2**36)] = 128 * 2**20
    """Size of these readings together; the oldest are folded sooner."""

    history_for: Annotated[timedelta, Bounds(86_400, 31_622_400)] = timedelta(days=31)
    """How long a VTN or gateway keeps readings at all; `same-time-of-days` needs some weeks."""

    reports: Annotated[int, Field(ge=100, le=1_000_000)] = 5000
    """How many of its own reports a VEN or gateway keeps for a VTN that missed them."""

    reports_for: Annotated[timedelta, Bounds(3600, 31_622_400)] = timedelta(hours=24)
    """How long it keeps them, where the VTN has not got them."""

    reported_for: Annotated[timedelta, Bounds(0, 31_622_400)] = timedelta(hours=1)
    """How long it keeps those that the VTN has: a VTN may lose its own store."""
