"""Who is who in a hierarchy of a number: parties, domains, accounts."""

from dataclasses import dataclass

from xmpp_cem.testing.site import Account, DomainSpec

SITES = {"a": (5000, 3000), "b": (8000, 6000), "c": (6000, 3000)}
"""Each site's power when it is free, and by how much it can fall, W."""


@dataclass(frozen=True)
class Names:
    """The names of one hierarchy; each ends in its number, so that many fit on one server."""

    number: int

    @property
    def top(self) -> str:
        """The VTN, and its domain."""
        return f"grid-{self.number}"

    @property
    def gateway(self) -> str:
        """The gateway."""
        return f"gw-{self.number}"

    @property
    def lower(self) -> str:
        """The gateway's domain."""
        return f"{self.gateway}-sites"

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites, as in `SITES`."""
        return tuple(f"{name}-{self.number}" for name in SITES)

    def accounts(self, host: str) -> list[Account]:
        """Return all logins; their passwords are as `ServerCarrier` expects."""
        names = (self.gateway, *self.sites, *(domain.vtn for domain in self.domains))
        return [Account(f"{name}@{host}", f"pw-{name}", gateway=True) for name in names]

    @property
    def domains(self) -> list[DomainSpec]:
        """Both domains."""
        return [DomainSpec(name, f"vtn-{name}") for name in (self.top, self.lower)]
