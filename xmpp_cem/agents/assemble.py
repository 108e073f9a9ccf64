"""Where everything meets: a role of the core, a store, a clock, made into an engine."""

from xmpp_cem.core.cascade.settings import GatewaySettings
from xmpp_cem.core.gateway import Gateway
from xmpp_cem.core.inputs import Link
from xmpp_cem.core.ven.site.site import Site, SiteSettings
from xmpp_cem.core.ven.venstate import VenSettings
from xmpp_cem.core.vtn.vtn import Vtn
from xmpp_cem.core.vtn.vtnstate import VtnSettings
from xmpp_cem.model.keeping import Retention
from xmpp_cem.model.node import card_node
from xmpp_cem.runtime.engine import Engine, Surroundings
from xmpp_cem.runtime.ports import Application, Clock, Store
from xmpp_cem.runtime.speech import Speech


def vtn_engine(
    settings: VtnSettings,
    store: Store,
    clock: Clock,
    speech: Speech | None = None,
    retention: Retention | None = None,
) -> Engine:
    """Return the engine of a VTN at the top of a hierarchy."""
    surroundings = Surroundings(
        services=lambda _: settings.service,
        admitted={Link.LOWER: _served(settings)},
        open_nodes=frozenset({card_node(settings.domain)}),
        speech=speech or Speech(),
        retention=retention or Retention(),
    )
    return Engine(Vtn(settings), store, clock, surroundings=surroundings)


def site_engine(
    settings: SiteSettings,
    store: Store,
    clock: Clock,
    application: Application,
    speech: Speech | None = None,
    retention: Retention | None = None,
) -> Engine:
    """Return the engine of a VEN that controls its own resources through an application."""
    site = Site(settings)
    surroundings = Surroundings(
        services=lambda _: site.ven.service,
        admitted={Link.UPPER: _above(settings.ven)},
        speech=speech or Speech(),
        retention=retention or Retention(),
    )
    return Engine(site, store, clock, application=application, surroundings=surroundings)


def gateway_engine(
    settings: GatewaySettings,
    store: Store,
    clock: Clock,
    speech: Speech | None = None,
    retention: Retention | None = None,
) -> Engine:
    """Return the engine of a gateway between the domains above it and those below it."""
    gateway = Gateway(settings)

    above = {end.link: _above(end.role.settings) for end in gateway.uppers}
    below = {end.link: _served(end.role.settings) for end in gateway.lowers}
    surroundings = Surroundings(
        services=gateway.service,
        admitted=above | below,
        open_nodes=frozenset(card_node(each.domain) for each in settings.lowers),
        renamed=_renamed(settings),
        speech=speech or Speech(),
        retention=retention or Retention(),
    )
    return Engine(gateway, store, clock, surroundings=surroundings)


def _renamed(settings: GatewaySettings) -> dict[Link, Link]:
    """Return how connections were named while there was another number of domains."""
    uppers, lowers = settings.upper_links, settings.lower_links
    named = {Link.above(each.domain): x for each, x in zip(settings.uppers, uppers, strict=True)}
    named |= {Link.below(each.domain): x for each, x in zip(settings.lowers, lowers, strict=True)}
    return named | {Link.UPPER: uppers[0], Link.LOWER: lowers[0]}


def _above(settings: VenSettings) -> frozenset[str]:
    return frozenset({settings.vtn.bare})


def _served(settings: VtnSettings) -> frozenset[str]:
    """Return who is served before the store has told who else is a member, or is none any more."""
    return settings.operators
