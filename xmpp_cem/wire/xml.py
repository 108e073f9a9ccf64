"""The only XML parser and the only XML writer of the project."""

import copy
import re
from functools import cache

from lxml import etree

from xmpp_cem.wire.codes import Code, quoted, refusal

Element = etree._Element  # noqa: SLF001 lxml has no public name for it

LARGEST_INPUT = 262_144
"""Bytes that are looked at; RFC 6120, 13.12 lets servers bound a stanza alike."""

DEEPEST = 32
MOST_ELEMENTS = 20_000

_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?<\?xml\s[^?<>]*\?>")
_FORBIDDEN = re.compile(rb"<\?|<!(?!--|\[CDATA\[)")

_PLAIN = re.compile(r"[ !#-%'-;=?-~]*")
"""Nothing that must be escaped; most of what is written."""

_UNCARRIED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_IN_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


def parse(data: bytes) -> Element:
    """Return the root element of a UTF-8 document; comments are dropped.

    A DTD, an entity declaration or a processing instruction is refused by its first bytes, so also
    when it stands in a comment or CDATA section: to tell these apart takes a second parser.

    Raises:
        RemoteProtocolError: 1.8 for what is no XML or exceeds a limit.
    """
    _guard(data)
    # A parser for each document: a shared one would be state. It assumes UTF-8 whatever the
    # document declares, because _guard has read the bytes as UTF-8 too.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise refusal(Code.INVALID, f"not well-formed XML: {quoted(error.msg, 120)}") from None
    _bound(root)
    return root


def _guard(data: bytes) -> None:
    if len(data) > LARGEST_INPUT:
        raise refusal(Code.INVALID, f"larger than {LARGEST_INPUT} bytes")
    declaration = _DECLARATION.match(data)
    if _FORBIDDEN.search(data, declaration.end() if declaration else 0):
        raise refusal(Code.INVALID, "a DTD, entity or processing instruction is not allowed")
    # An element takes at most two of these, so a document with more need not be built at all.
    if data.count(b"<") > 2 * MOST_ELEMENTS:
        raise refusal(Code.INVALID, f"more than {MOST_ELEMENTS} elements")


def _bound(root: Element) -> None:
    level, depth, count = [root], 0, 0
    while level:
        depth += 1
        count += len(level)
        if depth > DEEPEST:
            raise refusal(Code.INVALID, f"elements nested deeper than {DEEPEST}")
        if count > MOST_ELEMENTS:
            raise refusal(Code.INVALID, f"more than {MOST_ELEMENTS} elements")
        level = [child for element in level for child in element]


class Draft:
    """An element that is being written: nothing looks at it before it is bytes.

    Args:
        namespace: its own, declared as the default one where its parent has another.
        name: without a prefix.
        text: what stands before its children.

    Raises:
        ValueError: for text that XML cannot carry.
    """

    __slots__ = ("attributes", "children", "name", "namespace", "text")

    def __init__(self, namespace: str, name: str, text: str = "") -> None:
        self.namespace = namespace
        self.name = name
        self.text = escaped(text) if text else ""
        self.attributes: dict[str, str] = {}
        self.children: list[Draft | str] = []

    def set(self, name: str, text: str) -> None:
        """Write an attribute; raises ValueError for text that XML cannot carry."""
        self.attributes[name] = text if _PLAIN.fullmatch(text) else _quoted(text)


def escaped(text: str) -> str:
    """Return text as canonical XML has it between tags.

    Raises:
        ValueError: XML cannot carry it.
    """
    if _PLAIN.fullmatch(text):
        return text
    return _carried(text).translate(_IN_TEXT)


def _quoted(text: str) -> str:
    return _carried(text).translate(_IN_ATTRIBUTE)


def _carried(text: str) -> str:
    found = _UNCARRIED.search(text)
    if found:
        raise ValueError(f"U+{ord(found[0]):04X} is no character of XML")
    return text


def canonical(draft: Draft) -> bytes:
    """Return the exclusive canonical form (W3C xml-exc-c14n) of what was written, in UTF-8."""
    return _written(draft, "").encode()


def _written(draft: Draft, inherited: str) -> str:
    namespace, name, attributes, inner = draft.namespace, draft.name, "", ""
    declared = "" if namespace == inherited else f' xmlns="{namespace}"'
    if draft.attributes:
        # No attribute of ours is in a namespace: their order is that of their names.
        parts = [f' {key}="{text}"' for key, text in sorted(draft.attributes.items())]
        attributes = "".join(parts)
    if draft.children:
        parts = [c if isinstance(c, str) else _written(c, namespace) for c in draft.children]
        inner = "".join(parts)
    return f"<{name}{declared}{attributes}>{draft.text}{inner}</{name}>"


def pretty(element: Element) -> str:
    """Return an element as people read it: indented, what it holds a line each."""
    copied = copy.deepcopy(element)
    copied.tail = None
    etree.indent(copied)
    return etree.tostring(copied, encoding="unicode")


@cache  # names are ours, never a peer's, so there are few
def qualified(namespace: str, name: str) -> str:
    """Return the name that lxml gives to an element in a namespace."""
    return f"{{{namespace}}}{name}"


def root(namespace: str, name: str) -> Draft:
    """Return a new document element; its namespace is the default one."""
    return Draft(namespace, name)


def append(parent: Draft, namespace: str, name: str, text: str | None = None) -> Draft:
    """Add an element as the last child; a namespace unlike the parent's becomes the default.

    Raises:
        ValueError: for text that XML cannot carry.
    """
    element = Draft(namespace, name, text or "")
    parent.children.append(element)
    return element


def append_leaf(parent: Draft, namespace: str, name: str, text: str) -> None:
    """Add an element that gets nothing but this text; raises as `append`."""
    if namespace == parent.namespace:
        parent.children.append(f"<{name}>{escaped(text)}</{name}>")
    else:
        append(parent, namespace, name, text)


def children(element: Element, namespace: str, name: str) -> list[Element]:
    """Return the child elements of that name, in their order."""
    return element.findall(qualified(namespace, name))


def child(element: Element, namespace: str, name: str) -> Element | None:
    """Return the only child element of that name, or None.

    Raises:
        RemoteProtocolError: 1.8 when there are several: which one is meant is not ours to guess.
    """
    found = children(element, namespace, name)
    if len(found) > 1:
        raise refusal(Code.INVALID, f"more than one {name}")
    return found[0] if found else None


def required(element: Element, namespace: str, name: str) -> Element:
    """Return the only child element of that name.

    Raises:
        RemoteProtocolError: 1.7 when there is none, 1.8 when there are several.
    """
    found = child(element, namespace, name)
    if found is None:
        raise refusal(Code.PAYLOAD_INCOMPLETE, f"{name} is missing in {local_name(element)}")
    return found


def wrapped(element: Element, namespace: str, name: str) -> Element:
    """Return an element of that name that holds another one and nothing else."""
    outer = etree.Element(qualified(namespace, name), nsmap={None: namespace})
    outer.append(element)
    return outer


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]
