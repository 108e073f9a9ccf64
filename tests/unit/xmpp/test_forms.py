from xml.etree import ElementTree as ET

from xmpp_cem.xmpp.forms import read_form, write_form


def test_what_is_written_is_read_without_the_form_type():
    parent = ET.Element("parent")
    parent.append(write_form("urn:form", {"a": "1", "b": ""}))
    assert read_form(parent) == {"a": "1", "b": ""}
    assert b"urn:form" in ET.tostring(parent)


def test_an_element_without_form_has_no_fields():
    assert read_form(ET.Element("parent")) == {}
