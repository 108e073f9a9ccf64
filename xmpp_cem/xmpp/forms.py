"""Reads and writes data forms (XEP-0004)."""

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement

FORMS = "jabber:x:data"


def write_form(form_type: str, fields: Mapping[str, str]) -> Element:
    """Return a form of type `submit`."""
    form = Element(f"{{{FORMS}}}x", {"type": "submit"})
    _add(form, "FORM_TYPE", form_type, {"type": "hidden"})
    for name, value in fields.items():
        _add(form, name, value, {})
    return form


def read_form(parent: Element) -> dict[str, str]:
    """Return the first value of each field of the form anywhere inside the element."""
    fields = parent.iterfind(f".//{{{FORMS}}}x/{{{FORMS}}}field")
    return {
        field.get("var", ""): field.findtext(f"{{{FORMS}}}value") or ""
        for field in fields
        if field.get("var") != "FORM_TYPE"
    }


def _add(form: Element, name: str, value: str, kind: dict[str, str]) -> None:
    field = SubElement(form, f"{{{FORMS}}}field", {"var": name, **kind})
    SubElement(field, f"{{{FORMS}}}value").text = value
