"""Feeds the decoder with broken messages: it yields a message or a documented refusal, no more."""

import argparse
import contextlib
import copy
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from xmpp_cem.errors import LocalProtocolError, RemoteProtocolError
from xmpp_cem.wire.codec import Flow, decode, decode_presence, encode
from xmpp_cem.wire.codes import Code
from xmpp_cem.wire.openadr.profile import OPENADR_20B
from xmpp_cem.wire.payloads import IEC61968_9
from xmpp_cem.wire.profile import Profile

VECTORS = Path(__file__).parent / "vectors"
PROFILES = (IEC61968_9, OPENADR_20B)
DOCUMENTED = frozenset(Code)
MOST_GROWTH = 64 * 1024
"""KiB by which the process may grow once it is warm, however long it runs."""

_PIECES = (
    b"<", b">", b"</", b"/>", b"&", b"&lt;", b"&#0;", b"&#x110000;", b"<!--", b"]]>", b"<![CDATA[",
    b"<!DOCTYPE a>", b"<?xml version='1.0'?>", b"xmlns=''", b'"', b"'", b"\x00", b"\xff", b"\xc3",
    b"-1", b"1e3", b"9" * 30, b"NaN", b"true", b"2026-02-30T00:00:00Z", b"2026-01-31T12:00:00Z",
    b"+00:00", b"urn:x", b"{}", b"\xe2\x80\xae", b" " * 500, b"<a>" * 40, b"H4sIAAAAAAAAA",
)  # fmt: skip

_TEXTS = (
    "", " ", "-1", "0", "1", "+5", "1e3", "9" * 30, "NaN", "true", "maybe", "0.5", "-0.0", "\u202e",
    "2026-02-30T00:00:00Z", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00+01:00", "PT1H", "P9999Y",
    "-PT5S", "cem-1.9", "cem-2.0", "get", "created", "reply", "EiEvent", "OperationSet", "a" * 3000,
    "6f1f3b0e-6c1e-4f43-9d06-7f0f5d8f6a01", "0.0.0.12.4.1.37.0.0.0.0.0.0.0.0.0.38.0", "H4sIAAAAA",
)  # fmt: skip
_SHARE_OF_ELEMENTS = 0.75


class EscapedError(AssertionError):
    """Something other than a message or a documented refusal; `data` brought it about."""

    def __init__(self, why: str, data: bytes) -> None:
        super().__init__(f"{why}; by {data!r}")


def corpus() -> list[bytes]:
    """Return what every vector begins with, valid or not."""
    return [path.read_bytes() for path in sorted(VECTORS.glob("*/in.xml"))]


def broken(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return data with a few elements or, sometimes, a few bytes changed."""
    if chance.random() < _SHARE_OF_ELEMENTS:
        with contextlib.suppress(etree.XMLSyntaxError, ValueError):
            return _with_other_elements(data, chance)
    return _with_other_bytes(data, others, chance)


def _with_other_elements(data: bytes, chance: random.Random) -> bytes:
    root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    for _ in range(chance.randint(1, 4)):
        elements = [each for each in root.iter() if isinstance(each.tag, str)]
        element, other = chance.choice(elements), chance.choice(elements)
        parent = element.getparent()
        match chance.randrange(7):
            case 0:
                element.text = chance.choice(_TEXTS)
            case 1:
                element.tag = chance.choice([other.tag, "{urn:x}x", "x"])
            case 2 if element.attrib:
                element.set(chance.choice(list(element.attrib)), chance.choice(_TEXTS))
            case 3 if parent is not None:
                parent.remove(element)
            case 4:
                element.insert(0, copy.deepcopy(other))
            case 5 if element.attrib:
                del element.attrib[chance.choice(list(element.attrib))]
            case _:
                element.text = other.text
    return etree.tostring(root)


def _with_other_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    document = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        start = chance.randrange(len(document) + 1)
        end = min(len(document), start + int(chance.expovariate(1 / 20)))
        match chance.randrange(6):
            case 0:
                document[start:end] = b""
            case 1:
                document[start:start] = document[start:end]
            case 2:
                document[start:end] = chance.choice(_PIECES)
            case 3:
                document[start:end] = chance.randbytes(chance.randint(0, 4))
            case 4:
                other = chance.choice(others)
                place = chance.randrange(len(other))
                document[start:end] = other[place : place + chance.randint(1, 400)]
            case _:
                _swap_elements(document, chance)
    return bytes(document)


def _swap_elements(document: bytearray, chance: random.Random) -> None:
    """Move the text between two brackets elsewhere: still well-formed more often than not."""
    starts = [i for i, byte in enumerate(document) if byte == ord("<")]
    if len(starts) < 4:
        return
    first, second, place = sorted(chance.sample(starts, 3))
    piece = bytes(document[first:second])
    document[place:place] = piece


def judge(data: bytes, profiles: Sequence[Profile] = PROFILES) -> str:
    """Return how the decoder ends on data: `message`, or the code of its refusal.

    Raises:
        EscapedError: for any other end.
    """
    ends = [_end(data, flow, profile) for profile in profiles for flow in Flow]
    try:
        decode_presence(data)
    except RemoteProtocolError as error:
        _must_be_documented(error, data)
    except Exception as error:
        raise EscapedError(f"{error!r} as a presence", data) from error
    return "message" if "message" in ends else ends[0]


def _end(data: bytes, flow: Flow, profile: Profile) -> str:
    try:
        message = decode(data, flow, profile)
    except RemoteProtocolError as error:
        _must_be_documented(error, data)
        return error.code
    except Exception as error:
        raise EscapedError(f"{error!r} in flow {flow}", data) from error
    with contextlib.suppress(LocalProtocolError):  # a peer may say what we do not write
        again = decode(encode(message, profile), flow, profile)
        if profile is IEC61968_9 and again != message:
            raise EscapedError("read, written and read again it differs", data)
    return "message"


def _must_be_documented(error: RemoteProtocolError, data: bytes) -> None:
    if error.code not in DOCUMENTED or not error.reason:
        raise EscapedError(f"undocumented refusal {error.code}", data) from error


def run(cases: int, seed: int, tell: bool = False) -> Counter[str]:
    """Judge so many broken documents; returns how often each end came.

    Raises:
        EscapedError: at the first that escapes, or when memory grows without bound.
    """
    chance, seeds = random.Random(seed), corpus()  # noqa: S311 reproducible, no secret
    ends: Counter[str] = Counter()
    warm = max(1, min(cases // 10, 20_000))
    began, base = time.monotonic(), 0
    for number in range(1, cases + 1):
        data = broken(chance.choice(seeds), seeds, chance)
        ends[judge(data)] += 1
        if number == warm:
            base = _peak()
        if number % 1000 == 0:
            if _peak() > base + MOST_GROWTH and number > warm:
                raise EscapedError(f"the process has grown by {_peak() - base} KiB", data)
            if tell:
                rate = number / (time.monotonic() - began)
                sys.stderr.write(f"\r{number} of {cases}, {rate:.0f}/s")
    return ends


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other documents")
    options = parser.parse_args()
    try:
        ends = run(options.cases, options.seed, tell=True)
    except EscapedError as found:
        sys.exit(f"\nseed {options.seed}: {found}")
    lines = "".join(f"{end:8} {count}\n" for end, count in ends.most_common())
    sys.stdout.write(f"\n{lines}")


if __name__ == "__main__":
    main()
