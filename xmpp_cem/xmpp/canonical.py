"""Turns ElementTree elements into canonical bytes and back."""

from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
MAX_DEPTH = 64
MAX_PAYLOAD = 60 * 1024

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"})
_IN_ATTRIBUTE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;", "\t": "&#x9;", "\n": "&#xA;", "\r": "&#xD;"}
)


def to_bytes(element: Element, inherited: str = "") -> bytes:
    """Write an element with default-namespace declarations only, without its tail.

    The result is its own exclusive C14N, so that a signature made over that form verifies.

    Args:
        element: what to write.
        inherited: the default namespace in force where the bytes will stand.

    Raises:
        ValueError: an attribute has a namespace other than `xml:`, or the depth exceeds 64.
    """
    out: list[str] = []
    _write(element, inherited, out, 1)
    return "".join(out).encode()


def to_element(payload: bytes) -> Element:
    """Read canonical bytes of at most 60 KiB.

    Raises:
        ValueError: the bytes are too many, no XML, or carry a document type.
    """
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(payload)} bytes exceeds {MAX_PAYLOAD}")
    if b"<!DOCTYPE" in payload:
        raise ValueError("a document type is not allowed")
    try:
        return ET.fromstring(payload)  # noqa: S314 our own bytes, document types refused above
    except ET.ParseError as error:
        raise ValueError(f"not well-formed: {error}") from error


def local_name(element: Element) -> str:
    """Return the element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def namespace(element: Element) -> str:
    """Return the element's namespace, or empty."""
    return element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""


def _write(element: Element, inherited: str, out: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH} elements")
    name, own = local_name(element), namespace(element)
    out.append(f"<{name}")
    if own != inherited:
        out.append(f' xmlns="{own.translate(_IN_ATTRIBUTE)}"')
    out.extend(_attributes(element))
    out.append(">")
    out.append((element.text or "").translate(_IN_TEXT))
    for child in element:
        _write(child, own, out, depth + 1)
        out.append((child.tail or "").translate(_IN_TEXT))
    out.append(f"</{name}>")


def _attributes(element: Element) -> list[str]:
    plain, special = [], []
    for name, value in sorted(element.attrib.items()):
        text = value.translate(_IN_ATTRIBUTE)
        if not name.startswith("{"):
            plain.append(f' {name}="{text}"')
        elif name.startswith(f"{{{XML_NAMESPACE}}}"):
            special.append(f' xml:{name.rpartition("}")[2]}="{text}"')
        else:
            raise ValueError(f"attribute {name} of <{local_name(element)}> has a namespace")
    return plain + special
