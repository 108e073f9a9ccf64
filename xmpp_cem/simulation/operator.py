"""An operator who repeats a command, under the same MessageID, until it is answered."""

import asyncio
from datetime import timedelta

from xmpp_cem.errors import RefusedError, TransportError
from xmpp_cem.messages.bodies import Body
from xmpp_cem.messages.controls import EndDeviceControls
from xmpp_cem.messages.envelope import Header, Noun, RequestMessage, ResponseMessage, Verb
from xmpp_cem.model.event import Event, Order, Targets
from xmpp_cem.model.ids import Jid, ResourceId, derived_id
from xmpp_cem.model.signal import Delta, TargetPower
from xmpp_cem.model.time import Interval
from xmpp_cem.simulation.evidence import Command, Evidence
from xmpp_cem.simulation.loop import VirtualClock
from xmpp_cem.simulation.plan import Step
from xmpp_cem.simulation.server import StormRouter
from xmpp_cem.simulation.town import OPERATOR, TOP, vtn_account
from xmpp_cem.testing.bus_stream import BusStream, Login
from xmpp_cem.wire.codec import Flow, decode, encode

_PATIENCE_S = 3.0
_ANSWER_S = 6.0
_PARTY = "operator"


class Operator:
    """Commands the VTN at the top; what it wanted and was told goes to the evidence.

    Args:
        router: the simulated server.
        clock: the time of the simulation.
        evidence: takes the commands.
    """

    def __init__(self, router: StormRouter, clock: VirtualClock, evidence: Evidence) -> None:
        self._clock = clock
        self._evidence = evidence
        self._vtn = Jid(vtn_account(TOP), "vtn")
        self._created: dict[int, Event] = {}
        address = Jid(OPERATOR, "console")
        login = Login(address, lambda _: None, lambda _: False, set())
        self._stream = BusStream(login, router)
        self._tasks = {
            asyncio.get_running_loop().create_task(self._stream.run(), name="operator's stream")
        }

    def create(self, step: Step, *resources: ResourceId) -> None:
        """Ask for a step's change of power, or that some resources have its power together."""
        now = self._clock.now()
        start = now + timedelta(seconds=step.seconds)
        active = Interval(start=start, end=start + timedelta(seconds=step.length))
        event = Event(
            id=derived_id("event", step.number),
            order=Order(epoch=0, modification=0),
            active=active,
            signal=(TargetPower if resources else Delta)(power_w=step.power_w),
            created=now,
            answer_by=now + timedelta(seconds=0.75 * step.seconds),
            randomise_s=step.randomise_s,
            targets=Targets(resources=resources),
        )
        self._created[step.number] = event
        command = Command("create", event.id, active.start, step.power_w)
        self._begin(command, Verb.CREATE, EndDeviceControls(events=(event,)), ())

    def forget(self, number: int) -> None:
        """Forget an event of ours that is not changed any more."""
        del self._created[number]

    def put_off(self, step: Step) -> None:
        """Ask for other times of an event of ours, and maybe for another change of power."""
        created = self._created.get(step.number)
        if created is None or self._is_waiting(created.id):
            return
        start = self._clock.now() + timedelta(seconds=step.seconds)
        active = Interval(start=start, end=start + timedelta(seconds=step.length))
        self._created[step.number] = created.model_copy(update={"active": active})
        self.change(step.number, step.power_w)

    def change(self, number: int, power_w: int) -> None:
        """Ask for another change of power in an event of ours; its times stay.

        Who has no answer yet to what was asked before waits for it, as people at a console do.
        """
        created = self._created.get(number)
        if created is None or self._is_waiting(created.id):
            return
        end = created.active.end
        answer_by = min(self._clock.now() + timedelta(seconds=_ANSWER_S), end)
        event = created.model_copy(
            update={"signal": Delta(power_w=power_w), "answer_by": answer_by}
        )
        command = Command("change", event.id, answer_by, power_w)
        self._begin(command, Verb.CHANGE, EndDeviceControls(events=(event,)), ())

    def _is_waiting(self, event: str) -> bool:
        now = self._clock.now()
        return any(
            command.event == event and not command.result and now < command.until
            for command in self._evidence.commands
        )

    def cancel(self, number: int) -> None:
        """Cancel an event."""
        event = derived_id("event", number)
        until = self._clock.now() + timedelta(seconds=40)
        self._begin(Command("cancel", event, until), Verb.CANCEL, None, (event,))

    def stop(self) -> None:
        """End, when the simulation is over."""
        for task in self._tasks:
            task.cancel()

    def _begin(
        self,
        command: Command,
        verb: Verb,
        body: Body | None,
        ids: tuple[str, ...],
    ) -> None:
        evidence, now = self._evidence, self._clock.now()
        evidence.commands.append(command)
        evidence.tell(_PARTY, command.verb, f"{command.event[:8]} {command.target_w} W")
        header = Header(
            verb=verb,
            noun=Noun.CONTROLS,
            message_id=derived_id(_PARTY, now, len(evidence.commands)),
            timestamp=now,
            source=_PARTY,
        )
        payload = encode(RequestMessage(header=header, body=body, ids=ids))
        work = self._insist(command, payload)
        task = asyncio.get_running_loop().create_task(work, name=f"insists on {verb.value}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _insist(self, command: Command, payload: bytes) -> None:
        while self._clock.now() < command.until:
            try:
                answer = await self._stream.request(
                    self._vtn, payload, is_query=False, timeout=_PATIENCE_S
                )
            except RefusedError as refused:
                if not refused.is_temporary:
                    command.result = refused.condition
                    return
            except TransportError:
                pass
            else:
                self._told(command, answer)
                return
            await self._clock.sleep(0.5)
        self._evidence.tell(_PARTY, "gives up", f"{command.verb} {command.event[:8]}")

    def _told(self, command: Command, answer: bytes) -> None:
        reply = decode(answer, Flow.REPLY)
        if isinstance(reply, ResponseMessage):
            command.result = str(reply.result)
            command.codes = tuple(error.code for error in reply.errors)
        outcome = f"{command.verb} {command.event[:8]} {command.result} {command.codes}"
        self._evidence.tell(_PARTY, "is told", outcome)
