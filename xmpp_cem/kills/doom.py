"""Where a process ends itself: at a boundary, by its name and by how often it was passed."""

import os
import signal
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Boundary:
    """A place in the course of a process.

    Args:
        name: what the process is about to do, or has done.
        number: the manieth time that it does, from 1.
    """

    name: str
    number: int

    def __str__(self) -> str:
        return f"{self.name} #{self.number}"


class Doom:
    """Counts the boundaries that its process passes while it is armed, and kills it at one.

    Args:
        trail: file that gets a line for each boundary, before the process dies there.
    """

    def __init__(self, trail: Path) -> None:
        self._trail = trail
        self._passed: Counter[str] = Counter()
        self._at: Boundary | None = None
        self._file: int | None = None

    def arm(self, at: Boundary | None) -> None:
        """Count from now on, and die at a boundary, or nowhere."""
        self.disarm()
        self._passed.clear()
        self._at = at
        self._file = os.open(self._trail, os.O_WRONLY | os.O_TRUNC | os.O_CREAT, 0o600)

    def disarm(self) -> None:
        """Count no more, and live."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def pass_by(self, where: str, about: object) -> None:
        """Pass a boundary; returns never from the one that is meant."""
        if self._file is None:
            return
        name = f"{where}: {text}" if (text := str(about)) else where
        self._passed[name] += 1
        os.write(self._file, f"{name}\n".encode())
        if self._at == Boundary(name, self._passed[name]):
            os.kill(os.getpid(), signal.SIGKILL)


def read_trail(trail: Path) -> list[Boundary]:
    """Return the boundaries that were passed, in their order."""
    if not trail.exists():
        return []
    passed: Counter[str] = Counter()
    found = []
    for name in trail.read_text(encoding="utf-8").splitlines():
        passed[name] += 1
        found.append(Boundary(name, passed[name]))
    return found
