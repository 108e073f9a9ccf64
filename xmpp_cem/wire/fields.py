"""Tables that tie the fields of a value to attributes, child elements or name-value pairs."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from xmpp_cem.wire.codes import Code, refusal
from xmpp_cem.wire.scalars import INSTANT, INTEGER, Scalar
from xmpp_cem.wire.xml import Draft, Element, append_leaf, local_name

ValueT = TypeVar("ValueT", bound=BaseModel)

Fields = Mapping[str, tuple[str, Scalar]]
"""Field of a value to its name on the wire and its kind, in the order of the wire."""

ORDER: Fields = {"epoch": ("epoch", INTEGER), "modification": ("modification", INTEGER)}
INTERVAL: Fields = {"start": ("start", INSTANT), "end": ("end", INSTANT)}

_CODES = {"missing": Code.PAYLOAD_INCOMPLETE, "too_long": Code.TOO_MANY}


def written(value: BaseModel, fields: Fields) -> Iterator[tuple[str, str]]:
    """Yield name and text of every field that is not None."""
    for field, (name, scalar) in fields.items():
        content = getattr(value, field)
        if content is not None:
            yield name, scalar.write(content)


def read(texts: Mapping[str, str], fields: Fields) -> dict[str, object]:
    """Return the fields that `texts`, by name on the wire, has; what it has beyond is ignored.

    Raises:
        RemoteProtocolError: 1.8 with the name whose text is no such value.
    """
    values: dict[str, object] = {}
    for field, (name, scalar) in fields.items():
        text = texts.get(name)
        if text is None:
            continue
        try:
            values[field] = scalar.read(text)
        except ValueError as error:
            raise refusal(Code.INVALID, f"{name}: {error}") from None
    return values


def set_attributes(element: Draft, value: BaseModel, fields: Fields) -> None:
    """Write fields as attributes."""
    for field, (name, scalar) in fields.items():
        content = getattr(value, field)
        if content is not None:
            element.set(name, scalar.write(content))


def attributes(element: Element, fields: Fields) -> dict[str, object]:
    """Read fields from attributes; raises as `read`."""
    return read({str(name): str(text) for name, text in element.attrib.items()}, fields)


def append_leaves(parent: Draft, namespace: str, value: BaseModel, fields: Fields) -> None:
    """Write fields as child elements; an empty text is left out, as it is every default."""
    for field, (name, scalar) in fields.items():
        content = getattr(value, field)
        if content is not None and (text := scalar.write(content)):
            append_leaf(parent, namespace, name, text)


def leaves(element: Element, namespace: str, fields: Fields) -> dict[str, object]:
    """Read fields from child elements in any order; raises as `read` and `text_of`."""
    names = {f"{{{namespace}}}{name}": name for name, _ in fields.values()}
    texts: dict[str, str] = {}
    for child in element:
        name = names.get(str(child.tag))
        if name is None:
            continue
        if name in texts:
            raise refusal(Code.INVALID, f"more than one {name}")
        texts[name] = text_of(child)
    return read(texts, fields)


def stated(values: Mapping[str, object]) -> dict[str, object]:
    """Return what was read without empty texts: an empty element that may be absent is absent."""
    return {field: value for field, value in values.items() if value != ""}


def text_of(element: Element) -> str:
    """Return the text of an element that must have no children.

    Raises:
        RemoteProtocolError: 1.8 when it has.
    """
    if len(element):
        raise refusal(Code.INVALID, f"{local_name(element)} must hold text only")
    return element.text or ""


def build(
    model: type[ValueT], where: str, values: Mapping[str, object], fields: Fields | None = None
) -> ValueT:
    """Return the value that was read from the element `where`.

    Args:
        model: what to build.
        where: name of the element, for the reason of a refusal.
        values: fields as read; a nested value may be a dictionary of its fields.
        fields: table by which a refusal calls a field as the wire does.

    Raises:
        RemoteProtocolError: 1.7 when something is missing, 3.1 when there is too much, else 1.8.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        flaw = error.errors(include_url=False, include_context=False, include_input=False)[0]
        names = {field: name for field, (name, _) in (fields or {}).items()}
        path = [names.get(str(part), str(part)) for part in flaw["loc"]]
        text = flaw["msg"].removeprefix("Value error, ")
        code = _CODES.get(flaw["type"], Code.INVALID)
        raise refusal(code, ": ".join([where, *path, text])) from None
