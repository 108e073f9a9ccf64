"""Finds accounts that look like another one to a person who reads them (RFC 7622, 9.6)."""

import unicodedata
from collections.abc import Iterable

_LOOKS: dict[str, str] = {
    **dict(zip("аеорсухіјѕԁһԛԝвкмнтгӏ", "aeopcyxijsdhqwbkmhtrl", strict=True)),
    **dict(zip("αεοριικυχγητω", "aeopiikuxyntw", strict=True)),
    **dict(zip("օոսհցք", "onuhgp", strict=True)),  # noqa: RUF001
    **dict(zip("ıłøđɡʟ", "llodgl", strict=True)),
    **dict(zip("01|", "oll", strict=True)),
}
_PAIRS = (("rn", "m"), ("vv", "w"))
_UNSEEN = frozenset({"Mn", "Me", "Cf"})
"""Categories of characters that add nothing that is seen, or only a mark."""


def look_alike(account: str, others: Iterable[str]) -> str:
    """Return another account that a person can take this one for, or nothing.

    Args:
        account: the one that wants in.
        others: the ones that are known; the account itself among them does not count.
    """
    wanted = _skeleton(account)
    return next((o for o in others if o != account and _skeleton(o) == wanted), "")


def _skeleton(text: str) -> str:
    """Return what is left of a text when letters that look alike are one letter."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    seen = (c for c in plain if unicodedata.category(c) not in _UNSEEN)
    shape = "".join(_LOOKS.get(c, c) for c in seen)
    for pair, letter in _PAIRS:
        shape = shape.replace(pair, letter)
    return shape
