"""Stub."""

from collections.abc import Iterator


def audit(evidence, town, weather) -> Iterator[tuple[str, str]]:
    for d in evidence.deaths:
        yield ("alive", d)
