"""A site's program, of whose devices is noted how they last went."""

from xmpp_cem.agents.lasting import Lasts
from xmpp_cem.model.control import Sample, SetPoint
from xmpp_cem.model.event import Event
from xmpp_cem.runtime.ports import Application, Decision


class WitnessedSite:
    """Passes everything on and notes success or fault of each device at each reading.

    Args:
        program: what is witnessed.
        lasts: what takes the notes.
    """

    def __init__(self, program: Application, lasts: Lasts) -> None:
        self._program = program
        self._lasts = lasts

    async def decide(self, event: Event, power_w: int) -> Decision:
        """Pass on."""
        return await self._program.decide(event, power_w)

    async def apply(self, set_points: tuple[SetPoint, ...]) -> None:
        """Pass on."""
        await self._program.apply(set_points)

    async def read(self) -> tuple[Sample, ...]:
        """Pass on, and note what the samples say."""
        samples = await self._program.read()
        for sample in samples:
            name = f"driver {sample.resource}"
            if sample.is_faulty:
                self._lasts.badly(name, sample.fault or "faulty")
            else:
                self._lasts.well(name)
        return samples
