"""Names with a value, as properties of a header and options of a request."""

from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.fields import Fields, leaves
from xmpp_cem.wire.namespaces import MESSAGE
from xmpp_cem.wire.scalars import TEXT
from xmpp_cem.wire.xml import Draft, Element, append, append_leaf, children


def append_pair(parent: Draft, name: str, parts: tuple[str, str], texts: tuple[str, str]) -> None:
    """Write an element `name` with the two texts in elements called `parts`."""
    element = append(parent, MESSAGE, name)
    for part, text in zip(parts, texts, strict=True):
        append_leaf(element, MESSAGE, part, text)


def read_pairs(element: Element, name: str, parts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Return all of them in order; a missing value is empty.

    Raises:
        RemoteProtocolError: 1.8 without a name.
    """
    pairs = []
    fields: Fields = {"first": (parts[0], TEXT), "second": (parts[1], TEXT)}
    for found in children(element, MESSAGE, name):
        pair = leaves(found, MESSAGE, fields)
        if "first" not in pair:
            raise refusal(Code.INVALID, f"{parts[0]} is missing in {name}")
        pairs.append((str(pair["first"]), str(pair.get("second", ""))))
    return tuple(pairs)
