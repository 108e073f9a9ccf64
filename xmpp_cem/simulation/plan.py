"""What happens in a simulation, drawn from its seed: who is there, what is done, what fails."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from xmpp_cem.simulation.weather import ON_THE_WAY, Fault
from xmpp_cem.testing.bus_service import Kind

SHAPES: tuple[dict[str, str], ...] = (
    {"gw": "grid", "a": "gw", "b": "gw"},
    {"gw": "grid", "a": "gw", "b": "grid"},
    {"gw": "grid", "gx": "grid", "a": "gw", "b": "gx"},
    {"gw": "grid", "gx": "gw", "a": "gx"},
)
"""Each party to the one above it; all have the VTN `grid` on top and at least two levels."""

CHAOS_S = 16.0
"""How long things go wrong."""

QUIET_S = 26.0
"""How long nothing goes wrong after that."""

Doing = Literal[
    "create",
    "cancel",
    "override",
    "promise",
    "kill",
    "kill server",
    "cut",
    "hibernate",
    "stall",
    "unsubscribe",
    "weather",
]

_WEIGHTS: dict[Doing, int] = {
    "create": 1,
    "cancel": 2,
    "override": 2,
    "promise": 2,
    "kill": 3,
    "kill server": 1,
    "cut": 2,
    "hibernate": 2,
    "stall": 1,
    "unsubscribe": 1,
    "weather": 3,
}


@dataclass(frozen=True)
class Step:
    """One thing that is done, so many seconds after the beginning.

    Args:
        at: when.
        doing: what.
        who: the party that it is done to.
        number: of the event, or of calls until a party dies.
        power_w: what is asked for or promised, W.
        seconds: how long it lasts, or until an event begins.
        length: how long an event lasts, s.
        rates: faults on the way and how often they meet a stanza.
    """

    at: float
    doing: Doing
    who: str = ""
    number: int = 0
    power_w: int = 0
    seconds: float = 0.0
    length: float = 0.0
    rates: tuple[tuple[Fault, float], ...] = ()


@dataclass(frozen=True)
class Plan:
    """A whole simulation: which server, which hierarchy, which steps."""

    kind: Kind
    uppers: dict[str, str]
    steps: tuple[Step, ...]


def draw(random: Random) -> Plan:
    """Draw a plan with at least twenty steps, a crash, and an event that outlives the faults."""
    uppers = random.choices(SHAPES, weights=(10, 4, 1, 1))[0]
    sites = [name for name in uppers if name not in uppers.values()]
    parties = ["grid", *uppers]
    chosen: list[Doing] = ["kill", "create"]
    chosen += random.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=random.randint(7, 10))
    times = sorted(random.uniform(2.5, CHAOS_S) for _ in chosen)
    random.shuffle(chosen)
    early = random.random() < 0.3  # noqa: PLR2004 some crash while they begin
    steps = [_kill(0.1, parties, random)] if early else []
    created = 0
    for at, doing in zip(times, chosen, strict=True):
        step = _step(at, doing, created, (parties, sites), random)
        created += doing == "create"
        steps.append(step)
    last = Step(CHAOS_S - 1, "create", "", created, -1500, 6.0, 60.0)
    return Plan(random.choice(tuple(Kind)), uppers, (*steps, last))


def _step(
    at: float, doing: Doing, created: int, who: tuple[list[str], list[str]], random: Random
) -> Step:
    parties, sites = who
    match doing:
        case "create":
            power_w = -250 * random.randint(2, 24)
            lead, length = random.uniform(3, 8), random.uniform(5, 50)
            return Step(at, doing, "", created, power_w, lead, length)
        case "cancel":
            return Step(at, doing, "", random.randint(0, max(0, created - 1)))
        case "override":
            return Step(at, doing, random.choice(sites), seconds=random.uniform(2, 15))
        case "promise":
            return Step(at, doing, random.choice(sites), power_w=random.choice((500, 1500, 10**6)))
        case "kill":
            return _kill(at, parties, random)
        case "weather":
            faults = random.sample(ON_THE_WAY, random.randint(1, 3))
            rates = tuple((fault, random.choice((0.1, 0.3, 0.7))) for fault in faults)
            return Step(at, doing, seconds=random.uniform(1, 6), rates=rates)
        case "kill server" | "stall" | "unsubscribe":
            return Step(at, doing, seconds=random.choice((0.1, 1.0, 6.0)))
        case "cut" | "hibernate":
            return Step(at, doing, random.choice(parties), seconds=random.uniform(0.1, 8))


def _kill(at: float, parties: list[str], random: Random) -> Step:
    return Step(at, "kill", random.choice(parties), random.randint(1, 40))
