"""The package's XML schemas, as tests use them."""

from functools import cache
from pathlib import Path

from lxml import etree

import xmpp_cem

SCHEMAS = Path(xmpp_cem.__file__).parent / "schemas"
XS = "{http://www.w3.org/2001/XMLSchema}"


@cache
def profile() -> etree.XMLSchema:
    return etree.XMLSchema(file=SCHEMAS / "profile.xsd")


def flaws(data: bytes) -> list[str]:
    """Return what the profile's schema finds wrong with a document."""
    profile().validate(etree.fromstring(data))
    return [flaw.message for flaw in profile().error_log]
