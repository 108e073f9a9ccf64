import asyncio
import json

import pytest

from xmpp_cem.agents.healthz import serving
from xmpp_cem.errors import ConfigError
from xmpp_cem.runtime.health import Health, Reason, Shed
from xmpp_cem.testing.clock import ManualClock

NOW = ManualClock().now()
SILENT = Reason("the VTN is silent", NOW)
DOWN = Reason("no upper connection", NOW, is_failing=True)


async def asked(health, request=b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"):
    """Return status line and body of the answer, empty when there is none."""
    async with serving("127.0.0.1:0", lambda: health) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), body


@pytest.mark.parametrize(
    ("reasons", "code", "status"),
    [
        ((), "HTTP/1.1 200 OK", "ok"),
        ((SILENT,), "HTTP/1.1 200 OK", "degraded"),
        ((SILENT, DOWN), "HTTP/1.1 503 Service Unavailable", "failing"),
    ],
)
async def test_it_says_how_the_agent_is_and_why(reasons, code, status):
    line, body = await asked(Health(reasons, outbox=3, oldest_s=61, shed=Shed(7, 5, refused=9)))
    assert line == code
    told = json.loads(body)
    assert told == {
        "status": status,
        "reasons": [{"what": r.what, "since": NOW.isoformat()} for r in reasons],
        "outbox": {"size": 3, "oldest_s": 61},
        "shed": {"telemetry": 7, "status": 5, "control": 0, "refused": 9, "unsent": 0},
    }


async def test_a_head_request_gets_no_body():
    line, body = await asked(Health(), b"HEAD /healthz HTTP/1.1\r\n\r\n")
    assert (line, body) == ("HTTP/1.1 200 OK", b"")


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "404"),
        (b"GET /healthz/../x HTTP/1.1\r\n\r\n", "404"),
        (b"POST /healthz HTTP/1.1\r\n\r\n", "405"),
        (b"\x16\x03\x01 nonsense\r\n\r\n", "405"),
        (b"GET /healthz HTTP/1.1\r\n", ""),
        (b"GET /healthz HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", ""),
    ],
    ids=["path", "other path", "method", "tls", "unfinished", "too long"],
)
async def test_anything_else_is_refused_or_dropped(request_, code):
    line, body = await asked(Health(), request_)
    assert body == b""
    assert line.split()[1:2] == ([code] if code else [])


async def test_who_says_nothing_is_not_waited_for_and_hinders_nobody():
    async with serving("127.0.0.1:0", Health) as port:
        _, silent = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        for each in (silent, writer):
            each.close()
            await each.wait_closed()


async def test_an_address_that_is_taken_is_told_with_the_remedy():
    async with serving("127.0.0.1:0", Health) as port:
        with pytest.raises(ConfigError, match="choose another"):
            async with serving(f"127.0.0.1:{port}", Health):
                pass
