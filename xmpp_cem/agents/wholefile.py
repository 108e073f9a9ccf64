"""Small files that are written whole or not at all."""

import os
import tempfile
from pathlib import Path

_READABLE = 0o644
"""The agent may run as another user than the person who writes."""


def write_whole(path: Path, text: str) -> None:
    """Put a file in the place of another in one step; raises OSError, and the old one stands."""
    descriptor, name = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 by descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_READABLE)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
