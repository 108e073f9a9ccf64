"""Turns a configuration into the small values that core, streams and clocks are given."""

import itertools
import math
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from xmpp_cem.agents.word import Word
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.allocations import load_allocation
from xmpp_cem.config.domains import LowerConfig, MemberConfig, UpperConfig
from xmpp_cem.config.guarding import FailsafeConfig
from xmpp_cem.config.profiles import load_profile
from xmpp_cem.config.roles import ClockConfig, GatewayConfig, VenConfig, VtnConfig
from xmpp_cem.config.settlement import SettlementConfig
from xmpp_cem.config.storing import RetentionConfig
from xmpp_cem.core.cascade.settings import GatewaySettings, Policy
from xmpp_cem.core.inputs import Link, OwnerSaid
from xmpp_cem.core.settlement.cases import SettlementTerms
from xmpp_cem.core.timeline.response import ResponseCurve
from xmpp_cem.core.ven.site.failsafe import Autonomy, FailsafeSettings
from xmpp_cem.core.ven.site.site import SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.history import HistorySettings
from xmpp_cem.core.vtn.vtnstate import Terms, VtnSettings
from xmpp_cem.drivers.supervised import Patience
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import DomainId, Jid, PartyId, ResourceId
from xmpp_cem.model.keeping import Retention
from xmpp_cem.model.programme import Enrolment
from xmpp_cem.model.schedule import OptSchedule
from xmpp_cem.runtime.clock import ScaledClock, SystemClock
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.wire.digests import digest, digest_in
from xmpp_cem.wire.profile import Profile
from xmpp_cem.xmpp.credentials import Credentials

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def credentials_of(account: AccountConfig, connection: str, priority: int = 0) -> Credentials:
    """Return the login of an account under a connection, such as `vtn`.

    Raises:
        ConfigError: the password's file cannot be read any more.
    """
    try:
        password = account.password()
    except OSError as error:
        raise ConfigError(
            f"{account.password_file}: cannot be read ({error.strerror}); correct its rights"
        ) from error
    return Credentials(
        address=Jid(account.jid, connection),
        password=password,
        certificate=account.certificate,
        key=account.key_file,
        host=account.host,
        port=account.port,
        ca_file=account.ca_file,
        allow_scram_sha1=account.allow_scram_sha1,
        watch_interval=account.watch_every.total_seconds(),
        priority=priority,
    )


def clock_of(config: ClockConfig | None) -> SystemClock | ScaledClock:
    """Return the computer's clock, or simulated time where it is configured."""
    return ScaledClock(config.origin, config.speed) if config else SystemClock()


def patience_of(config: VenConfig) -> Patience:
    """Return how much a site's drivers are forgiven."""
    return Patience(config.control.driver_timeout, config.control.follow_within)


def ven_settings(
    party: PartyId,
    upper: UpperConfig,
    enrolments: tuple[Enrolment, ...] = (),
    schedules: tuple[OptSchedule, ...] = (),
) -> VenSettings:
    """Return what a VEN is configured with."""
    return VenSettings(
        party=party,
        domain=upper.domain,
        vtn=upper.vtn_address,
        digest=digest,
        statuses=load_profile(upper.profile).statuses,
        seed=secrets.token_hex(16),
        boot=_boot_id(),
        min_change_w=upper.min_change_w,
        min_change_every=upper.min_change_every,
        report_change_w=upper.report_change_w,
        report_change_every=upper.report_change_every,
        enrolments=enrolments,
        schedules=schedules,
        tells_rules=load_profile(upper.profile).says_rules,
    )


def vtn_settings(
    party: PartyId, lower: LowerConfig, kept: RetentionConfig | None = None
) -> VtnSettings:
    """Return what a VTN is configured with."""
    kept = kept or RetentionConfig()
    return VtnSettings(
        party=party,
        domain=lower.domain,
        address=lower.address,
        service=Jid(lower.pubsub),
        digest=digest_in(load_profile(lower.profile)),
        members={member.party: member.account for member in lower.members},
        operators=frozenset(lower.operators),
        uplink=lower.fixed_uplink,
        heartbeat=lower.heartbeat,
        report_every=lower.report_every,
        tolerance_w=lower.tolerance_w,
        randomise_s=int(lower.randomise.total_seconds()),
        lease=lower.lease,
        grace=lower.grace,
        profile=lower.profile,
        tells_the_set=load_profile(lower.profile).tells_the_set,
        ended_for=kept.ended_for,
        ended_parts=kept.ended_parts,
        allocation=load_allocation(lower.allocation),
        connection_point=lower.connection_point,
        unmanaged_import_w=lower.unmanaged_import_w,
        unmanaged_export_w=lower.unmanaged_export_w,
        terms={member.party: _terms(member) for member in lower.members if member.has_terms},
        programmes={each.id: each.programme for each in lower.programmes},
        enrolments=tuple(
            enrolment
            for each in lower.enrolments
            for enrolment in each.enrolments(each.party, each.resources)
        ),
        history=HistorySettings(kept.readings_for, kept.readings_bytes, kept.history_for),
        settlement=settlement_terms(lower.settlement),
    )


def _terms(member: MemberConfig) -> Terms:
    ramp = math.inf if member.ramp_w_per_s is None else member.ramp_w_per_s
    return Terms(member.price, member.priority, member.block_w, ramp, member.energy_wh, member.rest)


def settlement_terms(config: SettlementConfig) -> SettlementTerms:
    """Return by which rules events are settled."""
    return SettlementTerms(
        zone=config.zone,
        baseline=config.baseline,
        days=config.days,
        used=config.used,
        is_adjusted=config.adjusted,
        freeze_s=_seconds(config.freeze_after),
    )


def evidence_key(lower: LowerConfig, store: Path | str) -> Path | None:
    """Return where the key is that signs evidence; None: nowhere."""
    place = lower.settlement.key
    if place is None and isinstance(store, Path):
        return store.with_name(f"{store.name}.evidence.key")
    return place


def retention_of(config: VtnConfig | VenConfig | GatewayConfig) -> Retention:
    """Return how much of the past an agent keeps in its store."""
    kept = config.retention
    return Retention(
        kept.journal_rows, kept.journal_bytes, kept.replies, kept.replies_for, kept.outbox
    )


def speech_of(config: VtnConfig | VenConfig | GatewayConfig) -> Speech:
    """Return which profile is spoken with whom: operators speak the default one everywhere."""
    match config:
        case VtnConfig(lower=lower):
            spoken = {Link.LOWER: lower.profile}
            return Speech(_loaded(spoken), frozenset(lower.operators))
        case VenConfig(upper=upper):
            return Speech(_loaded({Link.UPPER: upper.profile}))
        case GatewayConfig(upper=uppers, lower=lowers):
            links = gateway_settings(config)
            spoken = dict(zip(links.upper_links, (each.profile for each in uppers), strict=True))
            spoken |= zip(links.lower_links, (each.profile for each in lowers), strict=True)
            return Speech(_loaded(spoken), frozenset(o for each in lowers for o in each.operators))


def _loaded(spoken: Mapping[Link, str]) -> dict[Link, Profile]:
    return {link: load_profile(name) for link, name in spoken.items()}


def spoken(config: VenConfig, word: Word) -> OwnerSaid:
    """Return the customer's word: what the file says, and what was said since."""
    names, party = tuple(resource.id for resource in config.resources), config.party
    enrolled = (each.enrolments(party, names) for each in config.enrolments)
    schedules = ((each.name, each.schedule(party)) for each in config.opt_schedules)
    return word.spoken(party, names, itertools.chain(*enrolled), schedules)


def site_settings(config: VenConfig, word: Word | None = None) -> SiteSettings:
    """Return what a site is configured with, and what its customer has said since."""
    party, said = config.party, spoken(config, word or Word())
    ven = ven_settings(party, config.upper, said.enrolments, said.schedules)
    ven = replace(_keeping(ven, config.retention), responses=_responses(config))
    return SiteSettings(ven, config.control.every, failsafe_of(config.failsafe))


def _keeping(settings: VenSettings, kept: RetentionConfig) -> VenSettings:
    """Say how much a VEN keeps of what it has reported."""
    return replace(
        settings,
        reports=kept.reports,
        reports_for=kept.reports_for,
        reported_for=kept.reported_for,
    )


def _responses(config: VenConfig) -> dict[ResourceId, tuple[ResponseCurve, ...]]:
    return {
        resource.id: tuple(each.curve for each in resource.response)
        for resource in config.resources
        if resource.response
    }


def failsafe_of(config: FailsafeConfig | None) -> FailsafeSettings | None:
    """Return what a VEN holds when it knows nothing."""
    if config is None:
        return None
    then = config.autonomy
    return FailsafeSettings(
        import_w=config.import_w,
        export_w=config.export_w,
        vtn_lost_s=_seconds(config.vtn_lost_after),
        server_lost_s=_seconds(config.server_lost_after),
        state_lost_s=_seconds(config.state_lost_after),
        longest_delay_s=_seconds(config.longest_delay),
        skew_s=_seconds(config.skew),
        autonomy=then
        and Autonomy(
            after_s=_seconds(then.after),
            import_w=then.import_w,
            export_w=then.export_w,
            is_unlimited=then.is_unlimited,
        ),
    )


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())


def _boot_id() -> str:
    """Return what names this start of the machine; empty where the system does not tell."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def gateway_settings(config: GatewayConfig) -> GatewaySettings:
    """Return what a gateway is configured with."""
    above = (_enrolled(config, each.domain) for each in config.upper)
    uppers = [
        _keeping(ven_settings(config.party, each, enrolments), config.retention)
        for each, enrolments in zip(config.upper, above, strict=True)
    ]
    lowers = [vtn_settings(config.party, each, config.retention) for each in config.lower]
    return GatewaySettings(
        upper=uppers[0],
        lower=lowers[0],
        margin=config.cascade.answer_margin,
        policy=Policy(config.cascade.policy),
        more_upper=tuple(uppers[1:]),
        more_lower=tuple(lowers[1:]),
        programmes=config.cascade.programmes,
        show_every=config.cascade.show_every,
        names_told=frozenset(config.cascade.names_told),
    )


def _enrolled(config: GatewayConfig, domain: DomainId) -> tuple[Enrolment, ...]:
    """Return in which programmes of a domain above a gateway takes part, as one resource."""
    return tuple(
        enrolment
        for each in config.enrolments
        if each.domain in {None, domain}
        for enrolment in each.enrolments(config.party, (config.party,))
    )
