"""Does what a plan says, at its time."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from math import ceil
from typing import Any

from xmpp_cem.simulation.evidence import Evidence
from xmpp_cem.simulation.loop import START
from xmpp_cem.simulation.operator import Operator
from xmpp_cem.simulation.plan import Plan, Step
from xmpp_cem.simulation.server import SERVER
from xmpp_cem.simulation.town import Town
from xmpp_cem.simulation.weather import Fault, Weather

REST = timedelta(seconds=0.5)
"""What was said so long ago has arrived."""

MOST_RESTLESS = timedelta(seconds=4)
"""So long an end waits for that at most: what never rests is for the audit to see."""

FEWEST_STEPS = 20
"""An end waits for so many, should a seed have had fewer."""

_MORE_STEPS = timedelta(seconds=60)
"""So long it waits for them at most: by then every site has reported several times."""


class Director:
    """Lets faults and commands happen, then nothing but time, then stops everybody."""

    def __init__(self, plan: Plan, town: Town, weather: Weather, evidence: Evidence) -> None:
        self._plan = plan
        self._town = town
        self._weather = weather
        self._evidence = evidence

    async def run(self) -> None:
        """Play the plan, let it be quiet, and stop everybody."""
        town, clock = self._town, self._town.clock
        operator = Operator(town.router, clock, self._evidence)
        for name in town.parties:
            town.start(name)
        quiet = START + timedelta(seconds=self._plan.chaos_s)
        for step in self._plan.steps:
            await clock.sleep_until(START + timedelta(seconds=step.at))
            if clock.now() == quiet:
                self._calm()
            self._do(step, operator)
        await clock.sleep_until(quiet + timedelta(seconds=self._plan.quiet_s))
        await self._rest()
        operator.stop()
        town.stop()

    @property
    def longest_s(self) -> float:
        """The longest pause that anybody may make before something is tried again, s."""
        return self._plan.pace.longest_s

    @property
    def steps(self) -> int:
        """How much was done so far: as the plan says, by faults, and by parties."""
        faults = sum(self._weather.counts.values())
        return len(self._plan.steps) + faults + self._evidence.doings

    async def _rest(self) -> None:
        """Let enough be done, and what was just said arrive: events are divided in quiet too."""
        clock = self._town.clock
        enough = clock.now() + _MORE_STEPS
        while clock.now() < enough and self.steps < FEWEST_STEPS:
            await clock.sleep_until(clock.now() + REST)
        longest = clock.now() + MOST_RESTLESS
        while clock.now() < longest and self._evidence.has_moved_since(clock.now() - REST):
            await clock.sleep_until(clock.now() + REST / 2)

    def _calm(self) -> None:
        """Let nothing go wrong from now on."""
        self._evidence.tell("", "--- all faults stop")
        self._kill_somebody()
        self._weather.clear()
        self._town.router.start()
        for party in self._town.parties.values():
            if party.life and not party.life.is_dead:
                party.life.spare()
                for account in party.accounts:
                    self._town.router.mend(account)
            else:
                self._town.clock.after(0.5, partial(self._town.start, party.name))
            if party.device:
                party.device.is_overridden = False

    def _kill_somebody(self) -> None:
        """Let no simulation end without a crash."""
        parties = [party for party in self._town.parties.values() if party.life]
        if all(party.lives == 1 and party.life and not party.life.is_dead for party in parties):
            life = self._weather.random.choice(parties).life
            if life:
                life.end("at rest")

    def _do(self, step: Step, operator: Operator) -> None:
        if step.doing not in {"create", "change", "put off", "cancel"}:
            detail = f"{step.who} {step.seconds:.1f} s {step.number} {step.power_w} W"
            self._evidence.tell("", f"--- {step.doing}", detail)
        match step.doing:
            case "create" | "change" | "put off" | "cancel":
                self._command(step, operator)
            case "override" | "promise" | "refuse":
                self._at_site(step)
            case "kill":
                self._doom(step)
            case "return":
                self._come_back_forgotten(step, operator)
            case "weather":
                self._weather.rates.update(step.rates)
                self._later(step, lambda: [self._weather.rates.pop(f, 0) for f, _ in step.rates])
            case _:
                self._trouble(step)

    def _command(self, step: Step, operator: Operator) -> None:
        if step.doing == "create":
            self._create(step, operator)
        elif step.doing == "change":
            operator.change(step.number, step.power_w)
        elif step.doing == "put off":
            operator.put_off(step)
        else:
            operator.cancel(step.number)

    def _doom(self, step: Step) -> None:
        life = self._town.parties[step.who].life
        if life:
            life.doom(step.number, step.aim)

    def _at_site(self, step: Step) -> None:
        device = self._town.parties[step.who].device
        if device is None:
            return
        if step.doing == "promise":
            device.most_w = step.power_w
            return
        name = "refuses" if step.doing == "refuse" else "is_overridden"
        setattr(device, name, True)
        self._later(step, lambda: setattr(device, name, False))

    def _trouble(self, step: Step) -> None:
        """Let the server or a connection fail for a while."""
        weather, router = self._weather, self._town.router
        match step.doing:
            case "kill server":
                router.kill()
                self._later(step, router.start)
            case "stall":
                weather.note(Fault.STALL, SERVER)
                weather.stall(step.seconds)
                now, seconds = self._town.clock.now(), step.seconds
                moments = (*range(1, ceil(seconds)), seconds)  # whoever looks sees that it goes on
                weather.disturbed += [(now + timedelta(seconds=s), SERVER) for s in moments]
            case "unsubscribe":
                service = weather.random.choice(router.services)
                account = service.lose_subscription(weather.random)
                if account:
                    weather.note(Fault.SUBSCRIPTION_LOST, account)
            case _:
                self._disconnect(step)

    def _disconnect(self, step: Step) -> None:
        router, party = self._town.router, self._town.parties[step.who]
        self._weather.note(Fault.DISCONNECTED, *party.accounts)
        for account in party.accounts:
            if step.doing == "cut":
                router.cut(account)
            elif step.doing == "slow":
                self._slow_down(account)
                continue
            else:
                router.forbid(account)
                router.hibernate(account, 300.0)
            self._later(step, self._return(account, party.name))

    def _come_back_forgotten(self, step: Step, operator: Operator) -> None:
        """Let a member come back whom the service has forgotten, while an event is created."""
        weather = self._weather
        account = self._town.parties[step.who].accounts[0]
        for service in self._town.router.services:
            service.unsubscribe_everywhere(account)
        weather.note(Fault.SUBSCRIPTION_LOST, account)
        self._slow_down(account)
        after = weather.random.uniform(0.2, 1.6)
        self._town.clock.after(after, lambda: self._create(step, operator))

    def _create(self, step: Step, operator: Operator) -> None:
        operator.create(step)

    def _slow_down(self, account: str) -> None:
        """Let an account come back at once over a slow connection."""
        weather, router = self._weather, self._town.router
        weather.counts[Fault.SLOW] += 1
        weather.slow.add(account)
        router.cut(account)
        router.mend(account)
        self._town.clock.after(4.0, lambda: weather.slow.discard(account))

    def _return(self, account: str, name: str) -> Callable[[], None]:
        def come_back() -> None:
            life = self._town.parties[name].life
            if life and not life.is_dead:
                self._town.router.mend(account)

        return come_back

    def _later(self, step: Step, undo: Callable[[], Any]) -> None:
        self._town.clock.after(step.seconds, undo)
