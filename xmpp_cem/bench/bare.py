"""What the figures are compared with: a bare slixmpp client that moves the same bytes.

It runs as a process of its own: `python -m xmpp_cem.bench.bare JSON`. It keeps nothing, checks
nothing and uses slixmpp the way its documentation shows.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

_MESSAGE = "http://iec.ch/TC57/2011/schema/message"


class Client(slixmpp.ClientXMPP):
    """Logs in, then plays one part.

    Args:
        part: `receive` counts items; `relay` publishes each item on another node; `vtn` answers
            requests and publishes what was recorded for them.
    """

    def __init__(self, part: dict[str, Any]) -> None:
        super().__init__(part["jid"], part["password"])
        self._part = part
        self._work: asyncio.Queue[list[list[str]]] = asyncio.Queue()
        self._publishing: asyncio.Task[None] | None = None
        self.ca_certs = Path(part["ca_file"])
        self.enable_direct_tls = False
        self.register_plugin("xep_0060")
        self.add_event_handler("session_start", self._started)

    async def _started(self, _event: object) -> None:
        pubsub: Any = self.plugin["xep_0060"]
        self.send_presence()
        kind = self._part["kind"]
        if kind in {"receive", "relay"}:
            await pubsub.subscribe(self._part["service"], self._part["node"])
            handler = self._relayed if kind == "relay" else self._received
            self.add_event_handler("pubsub_publish", handler)
        else:
            path = f"{{jabber:client}}iq/{{{_MESSAGE}}}RequestMessage"
            self.register_handler(Callback("requests", MatchXPath(path), self._asked))
            await self.get_roster()
            self._publishing = asyncio.get_running_loop().create_task(
                self._publish_all(), name="publish all"
            )
        sys.stdout.write("ready\n")
        sys.stdout.flush()

    def _received(self, message: Any) -> None:
        payload = message["pubsub_event"]["items"]["item"]["payload"]
        ET.tostring(payload)

    async def _relayed(self, message: Any) -> None:
        item = message["pubsub_event"]["items"]["item"]
        pubsub: Any = self.plugin["xep_0060"]
        service, node = self._part["to_service"], self._part["to_node"]
        await pubsub.publish(service, node, id=item["id"], payload=item["payload"])

    def _asked(self, iq: Any) -> None:
        reply = iq.reply()
        reply.append(ET.fromstring(self._part["reply"]))  # noqa: S314 our own bytes
        reply.send()
        recorded, asked = self._part["recorded"], self._part["asked"]
        number = self._part.setdefault("number", 0)
        self._part["number"] = number + 1
        first, last = number * len(recorded) // asked, (number + 1) * len(recorded) // asked
        self._work.put_nowait(recorded[first:last])

    async def _publish_all(self) -> None:
        pubsub: Any = self.plugin["xep_0060"]
        while True:
            for node, item, payload in await self._work.get():
                element = ET.fromstring(payload)  # noqa: S314 our own bytes
                await pubsub.publish(self._part["service"], node, id=item, payload=element)


def main() -> None:
    """Play the part given as JSON on standard input until ended."""
    part = json.loads(sys.stdin.readline())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)

    async def play() -> None:
        client = Client(part)
        client.connect(part["host"], part["port"])
        await asyncio.Event().wait()

    loop.run_until_complete(play())


if __name__ == "__main__":
    main()
