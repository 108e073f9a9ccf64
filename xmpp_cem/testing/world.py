"""A hierarchy of parties in one process, over the in-memory server or a real one."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from xmpp_cem.agents.application import FunctionSite
from xmpp_cem.agents.assemble import gateway_engine, site_engine, vtn_engine
from xmpp_cem.agents.sealing import signer
from xmpp_cem.allocations.allocation import Allocation
from xmpp_cem.allocations.in_order import PRO_RATA
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.settlement.cases import SettlementTerms
from xmpp_cem.core.timeline.responding import Responses
from xmpp_cem.core.ven.site.failsafe import FailsafeSettings
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.vtnstate import Terms, VtnSettings
from xmpp_cem.model.ids import DomainId, Jid, PartyId
from xmpp_cem.model.programme import Enrolment, Programme
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.ports import Application, Clock, Store
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.testing.carriers import Carrier
from xmpp_cem.testing.meter import Meter
from xmpp_cem.testing.operating import OPERATOR, OperatorClient
from xmpp_cem.wire.digests import digest, digest_in
from xmpp_cem.wire.payloads import IEC61968_9
from xmpp_cem.wire.profile import Profile


@dataclass
class Party:
    """One running agent."""

    engine: Engine
    connections: list[tuple[Link, Jid]]
    task: asyncio.Task[None] | None = None


@dataclass
class World:
    """Builds parties, runs them, and lets tests wait for what must become true.

    `boots` names the start of a party's machine: another name before `restart` is a power cut.
    `accounts` names those of parties that have several, by party and domain. `programs` makes the
    program of a site that is more than its meter.
    """

    carrier: Carrier
    new_store: Callable[[PartyId], Store]
    heartbeat: timedelta = timedelta(seconds=10)
    report_every: timedelta = timedelta(seconds=2)
    grace: timedelta = timedelta(seconds=1)
    parties: dict[PartyId, Party] = field(default_factory=dict)
    meters: dict[PartyId, Meter] = field(default_factory=dict)
    profiles: dict[DomainId, Profile] = field(default_factory=dict)
    failsafe: FailsafeSettings | None = None
    responses: dict[PartyId, Responses] = field(default_factory=dict)
    control_every: timedelta = timedelta(seconds=1)
    lease: timedelta = timedelta(seconds=25)
    change_every: timedelta = timedelta(seconds=10)
    show_every: timedelta = timedelta(seconds=5)
    boots: dict[PartyId, str] = field(default_factory=dict)
    allocations: dict[DomainId, Allocation] = field(default_factory=dict)
    terms: dict[PartyId, Terms] = field(default_factory=dict)
    accounts: dict[tuple[PartyId, DomainId], str] = field(default_factory=dict)
    programmes: dict[DomainId, tuple[Programme, ...]] = field(default_factory=dict)
    enrolments: tuple[Enrolment, ...] = ()
    schedules: dict[PartyId, tuple[OptSchedule, ...]] = field(default_factory=dict)
    settlement: SettlementTerms = field(default_factory=SettlementTerms)
    programs: dict[PartyId, Callable[[], Application]] = field(default_factory=dict)
    _plans: dict[PartyId, Callable[[], Engine]] = field(default_factory=dict)

    def account(self, party: PartyId, domain: DomainId = "") -> str:
        """Return a party's account in a domain: it has another one where `accounts` names it."""
        return self.accounts.get((party, domain), self.carrier.account(party))

    def vtn(self, domain: DomainId, *members: PartyId) -> Engine:
        """Build the VTN at the top; the party has the domain's name."""
        self._plans[domain] = lambda: self.vtn(domain, *members)
        settings = self._lower(domain, domain, members)
        speech = self._speech(lower=domain)
        engine = vtn_engine(settings, self.new_store(domain), self.clock, speech)
        self._attach(domain, engine, (Link.LOWER, self._vtn_address(domain)))
        return engine

    def gateway(self, party: PartyId, upper: DomainId, *members: PartyId) -> Engine:
        """Build a gateway; its lower domain and account are named after it."""
        self._plans[party] = lambda: self.gateway(party, upper, *members)
        return self._gateway(party, (upper,), {f"{party}-sites": members})

    def junction(
        self,
        party: PartyId,
        uppers: tuple[DomainId, ...],
        lowers: Mapping[DomainId, tuple[PartyId, ...]],
        policy: Policy = Policy.FIRM,
    ) -> Engine:
        """Build a gateway between several domains; in each one above it has an account."""
        self._plans[party] = lambda: self.junction(party, uppers, lowers, policy)
        return self._gateway(party, uppers, lowers, policy)

    def _gateway(
        self,
        party: PartyId,
        uppers: tuple[DomainId, ...],
        lowers: Mapping[DomainId, tuple[PartyId, ...]],
        policy: Policy = Policy.FIRM,
    ) -> Engine:
        vens = [self._upper(party, upper) for upper in uppers]
        vtns = [self._lower(party, lower, members) for lower, members in lowers.items()]
        margin, more = timedelta(seconds=1), (tuple(vens[1:]), tuple(vtns[1:]))
        settings = GatewaySettings(
            vens[0], vtns[0], margin, policy, *more, show_every=self.show_every
        )
        above = dict(zip(settings.upper_links, uppers, strict=True))
        below = dict(zip(settings.lower_links, lowers, strict=True))
        spoken = {k: self.profiles[d] for k, d in (above | below).items() if d in self.profiles}
        speech = Speech(spoken, plain=frozenset({self.account(OPERATOR)}))
        engine = gateway_engine(settings, self.new_store(party), self.clock, speech)
        ends = [(k, Jid(self.account(party, domain), "ven")) for k, domain in above.items()]
        ends += [(link, self._vtn_address(domain)) for link, domain in below.items()]
        self._attach(party, engine, *ends)
        return engine

    def site(
        self, party: PartyId, upper: DomainId, meter: Meter, box: PartyId | None = None
    ) -> Engine:
        """Build a site with one resource; another `box` has its own account and its own store."""
        self._plans[party] = lambda: self.site(party, upper, meter, box)
        box = box or party
        ven = self._upper(party, upper)
        settings = SiteSettings(ven, self.control_every, self.failsafe)
        self.meters[party] = meter
        new_program = self.programs.get(
            party, lambda: FunctionSite(meter.read, meter.act, meter.answer)
        )
        speech = self._speech(upper)
        engine = site_engine(settings, self.new_store(box), self.clock, new_program(), speech)
        self._attach(party, engine, (Link.UPPER, Jid(self.account(box), "ven")))
        return engine

    @property
    def clock(self) -> Clock:
        """The carrier's clock."""
        return self.carrier.clock

    def start(self, *parties: PartyId) -> None:
        """Start these parties, or all."""
        for name in parties or tuple(self.parties):
            party = self.parties[name]
            party.task = asyncio.get_running_loop().create_task(party.engine.run(), name=name)

    async def stop(self, *parties: PartyId) -> None:
        """Stop these parties, or all; one that has died raises here."""
        for name in parties or tuple(self.parties):
            task, self.parties[name].task = self.parties[name].task, None
            if task is None:
                continue
            task.cancel()
            outcome = await asyncio.gather(task, return_exceptions=True)
            if not isinstance(outcome[0], asyncio.CancelledError | None):
                raise outcome[0]

    async def restart(self, party: PartyId) -> None:
        """Stop a party if it runs, then start it anew with nothing but its store."""
        await self.stop(party)
        self._plans[party]()
        self.start(party)

    async def until(
        self, is_true: Callable[[], bool] | Callable[[], Awaitable[bool]], seconds: float = 20
    ) -> None:
        """Let time pass until something is true; raises AssertionError when it never is."""
        start = self.clock.now()
        while not await _holds(is_true):
            for name, party in self.parties.items():
                if party.task and party.task.done():
                    raise AssertionError(f"{name} died: {party.task.exception()!r}")
            if self.clock.now() - start > timedelta(seconds=seconds):
                raise AssertionError(f"not true within {seconds} s")
            await self.carrier.pass_time(timedelta(milliseconds=100))

    async def operator(self, domain: DomainId) -> OperatorClient:
        """Return a connected operator of a domain; the caller stops it."""
        account = Jid(self.account(OPERATOR), f"op-{domain}")
        client = OperatorClient(self.carrier, account, self._vtn_address(domain), self.until)
        return await client.start()

    def _vtn_address(self, domain: DomainId) -> Jid:
        return Jid(self.carrier.account(f"vtn-{domain}"), "vtn")

    def _speech(self, upper: DomainId = "", lower: DomainId = "") -> Speech:
        ends = ((Link.UPPER, upper), (Link.LOWER, lower))
        chosen = {link: self.profiles[d] for link, d in ends if d in self.profiles}
        return Speech(chosen, plain=frozenset({self.account(OPERATOR)}))

    def _profile(self, domain: DomainId) -> Profile:
        return self.profiles.get(domain, IEC61968_9)

    def _upper(self, party: PartyId, domain: DomainId) -> VenSettings:
        return VenSettings(
            party=party,
            domain=domain,
            vtn=self._vtn_address(domain),
            digest=digest,
            seed=party,
            boot=self.boots.get(party, "world"),
            min_change_every=self.change_every,
            enrolments=tuple(each for each in self.enrolments if each.party == party),
            schedules=self.schedules.get(party, ()),
            responses=self.responses.get(party, {}),
            tells_rules=self._profile(domain).says_rules,
            statuses=self._profile(domain).statuses,
        )

    def _lower(self, party: PartyId, domain: DomainId, members: tuple[PartyId, ...]) -> VtnSettings:
        return VtnSettings(
            party=party,
            domain=domain,
            address=self._vtn_address(domain),
            service=self.carrier.service(domain),
            digest=digest_in(self._profile(domain)),
            members={member: self.account(member, domain) for member in members},
            operators=frozenset({self.account(OPERATOR)}),
            heartbeat=self.heartbeat,
            report_every=self.report_every,
            grace=self.grace,
            lease=self.lease,
            allocation=self.allocations.get(domain, PRO_RATA),
            settlement=self.settlement,
            sign=signer(Ed25519PrivateKey.from_private_bytes(domain.encode().ljust(32))),
            terms={member: self.terms[member] for member in members if member in self.terms},
            programmes={each.id: each for each in self.programmes.get(domain, ())},
            tells_the_set=self._profile(domain).tells_the_set,
        )

    def _attach(self, name: PartyId, engine: Engine, *ends: tuple[Link, Jid]) -> None:
        for link, address in ends:
            intake = engine.intake(link)
            transport = self.carrier.stream(
                address, intake.deliver, intake.is_admitted, engine.trusted(link)
            )
            engine.attach(link, transport)
        self.parties[name] = Party(engine, list(ends))


async def _holds(is_true: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> bool:
    outcome = is_true()
    return outcome if isinstance(outcome, bool) else await outcome
