"""Turns a configuration into the small values that core, streams and clocks are given."""

from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.domains import LowerConfig, UpperConfig
from xmpp_cem.config.profiles import load_profile
from xmpp_cem.config.roles import ClockConfig, GatewayConfig, VenConfig, VtnConfig
from xmpp_cem.core.gateway import GatewaySettings
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.site import SiteSettings
from xmpp_cem.core.venstate import VenSettings
from xmpp_cem.core.vtnstate import VtnSettings
from xmpp_cem.errors import ConfigError
from xmpp_cem.model.ids import Jid, PartyId
from xmpp_cem.runtime.clock import ScaledClock, SystemClock
from xmpp_cem.runtime.speech import Speech
from xmpp_cem.wire.codec import digest
from xmpp_cem.xmpp.credentials import Credentials


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


def ven_settings(party: PartyId, upper: UpperConfig) -> VenSettings:
    """Return what a VEN is configured with."""
    return VenSettings(
        party=party,
        domain=upper.domain,
        vtn=upper.vtn_address,
        digest=digest,
        min_change_w=upper.min_change_w,
        min_change_every=upper.min_change_every,
    )


def vtn_settings(party: PartyId, lower: LowerConfig) -> VtnSettings:
    """Return what a VTN is configured with."""
    return VtnSettings(
        party=party,
        domain=lower.domain,
        address=lower.address,
        service=Jid(lower.pubsub),
        digest=digest,
        members={member.party: member.account for member in lower.members},
        operators=frozenset(lower.operators),
        uplink=lower.fixed_uplink,
        heartbeat=lower.heartbeat,
        report_every=lower.report_every,
        tolerance_w=lower.tolerance_w,
        lease=lower.lease,
        grace=lower.grace,
        profile=lower.profile,
        tells_the_set=load_profile(lower.profile).tells_the_set,
    )


def speech_of(config: VtnConfig | VenConfig | GatewayConfig) -> Speech:
    """Return which profile is spoken with whom: operators speak the default one everywhere."""
    profiles, plain = {}, frozenset[str]()
    if not isinstance(config, VtnConfig):
        profiles[Link.UPPER] = load_profile(config.upper.profile)
    if not isinstance(config, VenConfig):
        profiles[Link.LOWER] = load_profile(config.lower.profile)
        plain = frozenset(config.lower.operators)
    return Speech(profiles, plain)


def site_settings(config: VenConfig) -> SiteSettings:
    """Return what a site is configured with."""
    return SiteSettings(ven_settings(config.party, config.upper), config.control.every)


def gateway_settings(config: GatewayConfig) -> GatewaySettings:
    """Return what a gateway is configured with."""
    return GatewaySettings(
        upper=ven_settings(config.party, config.upper),
        lower=vtn_settings(config.party, config.lower),
        margin=config.cascade.answer_margin,
    )
