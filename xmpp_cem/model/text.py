"""Text that people read, made safe for logs, terminals and the server's XML handling."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def one_line(text: str) -> str:
    """Turn every control character into a space.

    Servers change carriage returns, and newlines in attributes, on the way; signed or digested
    text must not hold any. A terminal must not be steered by a peer's reason either.
    """
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)


Sentence = Annotated[str, AfterValidator(one_line), StringConstraints(max_length=256)]
"""One line for people, at most 256 characters."""

Explanation = Annotated[str, AfterValidator(one_line), StringConstraints(max_length=1024)]
"""One longer line for people, at most 1024 characters."""
