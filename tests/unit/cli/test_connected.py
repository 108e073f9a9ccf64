import asyncio
import os
import signal

import pytest

from xmpp_cem.cli.connected import until_signalled


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_work_in_order(number: signal.Signals):
    done = []

    async def work() -> None:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            done.append("closed")

    until_signalled(work())
    assert done == ["closed"]


def test_an_error_of_the_work_is_not_hidden():
    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        until_signalled(work())
