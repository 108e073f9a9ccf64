"""What an agent tells people: one line per thing that happened, on stderr."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import structlog


def configure(style: Literal["console", "json"] = "console", level: str = "INFO") -> None:
    """Send log lines to stderr, for people or as JSON; raises KeyError for an unknown level."""
    is_terminal = sys.stderr.isatty()
    console = structlog.dev.ConsoleRenderer(colors=is_terminal, pad_event=0)
    renderer = console if style == "console" else structlog.processors.JSONRenderer()
    threshold = logging.getLevelNamesMapping()[level]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    )
    logging.basicConfig(level=max(threshold, logging.INFO), handlers=[handler], force=True)
    logging.getLogger("slixmpp").setLevel(logging.CRITICAL)


@contextmanager
def silenced() -> Iterator[None]:
    """Log nothing inside the block, where a command tells itself what happens."""
    before = structlog.get_config()
    nothing = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=nothing)
    try:
        yield
    finally:
        structlog.configure(**before)
