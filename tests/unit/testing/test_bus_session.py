from datetime import timedelta

import pytest

from xmpp_cem.errors import RequestTimeoutError
from xmpp_cem.model.link import RequestReceived

ASK = b'<RequestMessage xmlns="urn:m"></RequestMessage>'
ANSWER = b'<ResponseMessage xmlns="urn:m">OK</ResponseMessage>'


async def test_a_token_of_a_lost_session_is_dropped(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    async with world.asking(vtn.stream.request(ven.address, ASK, is_query=False, timeout=60)) as a:
        world.bus.cut(ven.address.bare)
        world.bus.mend(ven.address.bare)
        await world.clock.settle()
        ven.stream.respond(ven.request.token, ANSWER)
        await world.clock.advance(timedelta(minutes=1))
        with pytest.raises(RequestTimeoutError):
            await a


async def test_tokens_differ_between_sessions(world):
    vtn, ven = await world.peer("vtn"), await world.peer("ven")
    tokens = []
    for _ in range(2):
        async with world.asking(
            vtn.stream.request(ven.address, ASK, is_query=True, timeout=60)
        ) as a:
            tokens.append(ven.of(RequestReceived)[-1].token)
            ven.stream.respond(tokens[-1], b"")
            await a
        world.bus.cut(ven.address.bare)
        world.bus.mend(ven.address.bare)
        await world.clock.settle()
    assert len(set(tokens)) == 2
