"""A place in what a party sends: its epoch, and the sequence number within it."""

from typing import NamedTuple, Self


class Position(NamedTuple):
    """Where a message stands among all that its sender has counted; later ones are greater.

    Args:
        epoch: rises with every start of the sender.
        sequence: counts from 1 within the epoch; 0 is its beginning.
    """

    epoch: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `epoch.sequence`; raises ValueError when these are not two whole numbers."""
        epoch, dot, sequence = text.partition(".")
        parts = (epoch, sequence)
        if not dot or not all(p.isascii() and p.isdigit() and int(p) <= _LARGEST for p in parts):
            raise ValueError(f"two numbers up to {_LARGEST} with a dot between are needed")
        return cls(int(epoch), int(sequence))

    def __str__(self) -> str:
        return f"{self.epoch}.{self.sequence}"


_LARGEST = 2**53
