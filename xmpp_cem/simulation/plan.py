"""What happens in a simulation, drawn from its seed: who is there, what is done, what fails."""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from xmpp_cem.simulation.terms import SHORT_PACE, USUAL, USUAL_PACE, Pace, Restoring, Terms, grown
from xmpp_cem.simulation.weather import ON_THE_WAY, Fault
from xmpp_cem.testing.bus_service import Kind

SHAPES: tuple[dict[str, str], ...] = (
    {"gw": "grid", "a": "gw"},
    {"gw": "grid", "a": "gw", "b": "gw"},
    {"gw": "grid", "a": "gw", "b": "grid"},
    {"gw": "grid", "gx": "grid", "a": "gw", "b": "gx"},
    {"gw": "grid", "gx": "gw", "a": "gx"},
)
"""Each party to the one above it; all have the VTN `grid` on top and at least two levels."""

_SHORT_WEIGHTS, _LONG_WEIGHTS = (80, 4, 2, 1, 1), (9, 5, 3, 1, 1)
"""How often each of them is drawn: short seeds have most often the smallest."""

SHORT_S = (4.5, 7.5)
LONG_S = (24.0, 45.0)
"""How long things go wrong, and how long nothing does after that, in most seeds and in a few."""

TREE_QUIET_S = 75.0
"""Longer: what is lost on each level is found again one after the other."""

RESTORED_QUIET_S = 100.0
"""Longer still: what a VTN does not know any more ends after a minute."""

_LONGER = 8
"""So many times as long do events last where a store is put back: they outlive the quiet."""

LONG_SHARE = 0.01

_FEW, _MANY = (4, 6), (6, 16)
"""Of how many doings between fewest and most one is drawn, besides a crash."""

_RETURN_SHARE = 0.1
"""In so many seeds a forgotten member comes back while the last event is created, in all calm."""

_CHANGED_SHARE = 0.2
"""In so many seeds the operator changes events, or puts them off."""

_LATE_SHARE = 0.1
"""In so many seeds somebody is away while an event that it has promised is put off."""

LATE_S = (8.0, 7.5)
"""As `SHORT_S`, in these: the event ends before who was away is back."""

_LATE_NUMBER = 90

_SHORT = tuple(fault for fault in ON_THE_WAY if fault is not Fault.SERVICE_SILENT)
"""A lost answer of a service is waited for 20 s: too long for a short seed."""

_RANDOMISED_S = (0, 0, 4, 12)
"""By how much sites may put an event off, s; half of them act at once."""

Doing = Literal[
    "create",
    "change",
    "put off",
    "cancel",
    "override",
    "refuse",
    "promise",
    "kill",
    "kill server",
    "cut",
    "hibernate",
    "stall",
    "unsubscribe",
    "return",
    "slow",
    "weather",
]

_LONG_ONLY: tuple[Doing, ...] = ("unsubscribe", "stall")
"""A lost subscription shows after two and a half heartbeats, a stall may outlast the quiet."""

_AIMS = ("", "", "before a commit of answers", "before a commit of messages", "after a commit of")
"""Where parties are killed: anywhere, or close to what others will see."""

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
    "return": 1,
    "slow": 1,
    "weather": 3,
}


_TREE_WEIGHTS: dict[Doing, int] = {"create": 3, "change": 3, "refuse": 2}


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
        randomise_s: the most that sites put its start and its release off, s.
        rates: faults on the way and how often they meet a stanza.
        aim: how the names of the calls begin that are counted.
    """

    at: float
    doing: Doing
    who: str = ""
    number: int = 0
    power_w: int = 0
    seconds: float = 0.0
    length: float = 0.0
    randomise_s: int = 0
    rates: tuple[tuple[Fault, float], ...] = ()
    aim: str = ""


@dataclass(frozen=True)
class Plan:
    """A whole simulation: which server, which hierarchy, which steps.

    Args:
        kind: which server is imitated.
        uppers: each party to the one above it.
        chaos_s: how long things go wrong.
        quiet_s: how long nothing goes wrong after that.
        steps: what is done, in the order of time.
        restoring: whose store is put back, and when.
        pace: how often what time alone changes is looked at.
    """

    kind: Kind
    uppers: dict[str, str]
    chaos_s: float
    quiet_s: float
    steps: tuple[Step, ...]
    restoring: Restoring | None = None
    pace: Pace = USUAL_PACE

    @property
    def report_every_s(self) -> int:
        """How long a reporting window is, s: a long simulation has many."""
        return 6 if self.quiet_s >= LONG_S[1] else 12

    @property
    def patience_s(self) -> float:
        """How long what is new may take to be known everywhere, s; most of the quiet time."""
        return self.quiet_s - 1.5


def draw(random: Random, terms: Terms = USUAL) -> Plan:
    """Draw a plan with a crash, and an event that outlives the faults; long but on usual terms."""
    is_long, tree = random.random() < LONG_SHARE or terms != USUAL, terms.tree
    is_late = not is_long and random.random() < _LATE_SHARE
    chaos_s, quiet_s = LONG_S if is_long else (LATE_S if is_late else SHORT_S)
    uppers = random.choices(SHAPES, weights=_LONG_WEIGHTS if is_long else _SHORT_WEIGHTS)[0]
    if tree:
        uppers, quiet_s = grown(random, tree), TREE_QUIET_S
    sites = [name for name in uppers if name not in uppers.values()]
    parties = ["grid", *uppers]
    weights = {d: w for d, w in _WEIGHTS.items() if is_long or d not in _LONG_ONLY}
    if tree:
        weights = weights | _TREE_WEIGHTS
    chosen: list[Doing] = ["kill"]
    fewest, most = _MANY if is_long else _FEW
    chosen += random.choices(list(weights), list(weights.values()), k=random.randint(fewest, most))
    times = sorted(random.uniform(2.0 if is_long else 1.5, chaos_s) for _ in chosen)
    random.shuffle(chosen)
    early = random.random() < 0.2  # noqa: PLR2004 some crash while they begin
    steps = [_kill(0.1, parties, random)] if early else []
    created = 0
    for at, doing in zip(times, chosen, strict=True):
        steps.append(_step(at, doing, created, (parties, sites), random, is_long=is_long))
        created += doing in {"create", "return"}
    last = _last(chaos_s, created, parties[1:], random)
    kind = random.choice(tuple(Kind))
    late_share = _LATE_SHARE if is_long else float(is_late)
    more = _changes(chaos_s, created, parties[1:], random, late_share)
    steps = sorted((*steps, *more), key=lambda step: step.at)
    pace = USUAL_PACE if is_long else SHORT_PACE
    plan = Plan(kind, uppers, chaos_s, quiet_s, (*steps, last), pace=pace)
    return _restored(plan, parties, random) if terms.is_restored else plan


def _last(at: float, created: int, members: list[str], random: Random) -> Step:
    """Draw how the event is created that outlives the trouble."""
    if random.random() < _RETURN_SHARE:
        return Step(at, "return", random.choice(members), created, -1500, 14.0, 90.0)
    return Step(at, "create", "", created, -1500, 5.0, 90.0)


def _restored(plan: Plan, parties: list[str], random: Random) -> Plan:
    lasting = tuple(replace(step, length=_LONGER * step.length) for step in plan.steps)
    restoring = Restoring.draw(parties, plan.chaos_s, random)
    return replace(plan, quiet_s=RESTORED_QUIET_S, steps=lasting, restoring=restoring)


def _changes(
    chaos_s: float, created: int, members: list[str], random: Random, late_share: float
) -> list[Step]:
    """Draw what an operator changes; all else of a seed is as it is without."""
    own = Random()  # noqa: S311 no secret
    own.setstate(random.getstate())
    steps = _late_news(members, own) if own.random() < late_share else []
    if created and own.random() < _CHANGED_SHARE:
        times = (own.uniform(2.0, chaos_s) for _ in range(own.randint(1, 3)))
        steps += [_change(at, created, own) for at in times]
    return steps


def _late_news(members: list[str], random: Random) -> list[Step]:
    """Draw an event that is put off while a member is away, which may bring it to its end."""
    at, power_w = random.uniform(1.5, 2.5), -250 * random.randint(2, 12)
    gone: Doing = random.choice(("cut", "hibernate"))
    lead, length = random.uniform(2.5, 4.0), random.uniform(1.0, 5.0)
    return [
        Step(at, "create", "", _LATE_NUMBER, power_w, lead, length),
        Step(at + 0.6 * lead, gone, random.choice(members), seconds=random.uniform(3, 6)),
        Step(at + 0.7 * lead, "put off", "", _LATE_NUMBER, power_w, random.uniform(8, 20), 50.0),
    ]


def _change(at: float, created: int, random: Random) -> Step:
    number, power_w = random.randrange(created), -250 * random.randint(2, 24)
    if random.random() < 0.5:  # noqa: PLR2004 as many of one as of the other
        return Step(at, "change", "", number, power_w)
    lead, length = random.uniform(3, 20), random.uniform(5, 50)
    return Step(at, "put off", "", number, power_w, lead, length)


def _step(
    at: float,
    doing: Doing,
    created: int,
    who: tuple[list[str], list[str]],
    random: Random,
    *,
    is_long: bool,
) -> Step:
    parties, sites = who
    match doing:
        case "create":
            power_w = -250 * random.randint(2, 24)
            lead, length = random.uniform(3, 8), random.uniform(5, 50)
            most = random.choice(_RANDOMISED_S)
            return Step(at, doing, "", created, power_w, lead, length, randomise_s=most)
        case "return":
            return Step(at, doing, random.choice(parties[1:]), created, -1000, 14.0, 40.0)
        case "cancel" | "change":
            power_w = -250 * random.randint(2, 24) if doing == "change" else 0
            return Step(at, doing, "", random.randint(0, max(0, created - 1)), power_w)
        case "refuse" | "override":
            return Step(at, doing, random.choice(sites), seconds=random.uniform(2, 15))
        case "promise":
            return Step(at, doing, random.choice(sites), power_w=random.choice((500, 1500, 10**6)))
        case _:
            return _trouble(at, doing, parties, random, is_long=is_long)


def _trouble(at: float, doing: Doing, parties: list[str], random: Random, *, is_long: bool) -> Step:
    match doing:
        case "kill":
            return _kill(at, parties, random)
        case "weather":
            faults = random.sample(ON_THE_WAY if is_long else _SHORT, random.randint(1, 3))
            rates = tuple((fault, random.choice((0.1, 0.3, 0.7))) for fault in faults)
            return Step(at, doing, seconds=random.uniform(1, 6), rates=rates)
        case "kill server" | "stall" | "unsubscribe":
            return Step(at, doing, seconds=random.choice((0.1, 1.0, 6.0)))
        case _:
            return Step(at, doing, random.choice(parties), seconds=random.uniform(0.1, 8))


def _kill(at: float, parties: list[str], random: Random) -> Step:
    aim = random.choice(_AIMS)
    return Step(at, "kill", random.choice(parties), random.randint(1, 4 if aim else 40), aim=aim)
