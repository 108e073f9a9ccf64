"""What a fault may lay its hands on, and a note of what it did."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from xmpp_cem.chaos.desk import Desk
from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.ledger import Ledger
from xmpp_cem.chaos.parties import Parties
from xmpp_cem.chaos.place import Place
from xmpp_cem.chaos.plan import GRID, MEMBERS, PARTIES, below
from xmpp_cem.chaos.stores import Heard, Shelf, Window, windows_of
from xmpp_cem.errors import XmppCemError
from xmpp_cem.model.link import Item
from xmpp_cem.runtime.clock import SystemClock


class NothingLeftError(XmppCemError):
    """Another fault of the round has taken everybody whom this one could reach."""


@dataclass
class Stage:
    """What lasts from round to round.

    Args:
        place, parties, desk, ledger: what there is.
        museum: old items of each domain's events node.
        copied: when each party's store was copied to be put back later: first, and last.
        reported: every window that a party's store has ever shown.
        heard: the windows that each VTN's journal has had since the round began.
        number: the present round.
        points: role, kind of input and moment of a commit, and how often a party died there.
    """

    place: Place
    parties: Parties
    desk: Desk
    ledger: Ledger = field(default_factory=Ledger)
    museum: dict[str, dict[str, Item]] = field(default_factory=dict)
    copied: dict[str, dict[str, datetime]] = field(default_factory=dict)
    reported: dict[str, dict[datetime, Window]] = field(default_factory=dict)
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    points: dict[str, int] = field(default_factory=dict)
    number: int = 0
    _seen: dict[str, str] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)

    def shelf(self, party: str) -> Shelf:
        """Return a party's store as seen from outside."""
        return Shelf(self.place.store(party))

    def copy(self, party: str, name: str) -> Path:
        """Return where a copy of a party's store is, the `first` one or the `last`."""
        return self.place.folder / "stores" / party / f"{name}.sqlite"

    def keep_copies(self) -> None:
        """Copy all stores as they are now."""
        for party in PARTIES:
            known = self.copied.setdefault(party, {})
            for name in ("last", "first")[: 1 if known else 2]:
                self.copy(party, name).unlink(missing_ok=True)
                self.shelf(party).copy_to(self.copy(party, name))
                known[name] = SystemClock().now()

    def look(self, parties: Iterable[str]) -> None:
        """Take note of what these parties have reported since the last look."""
        for party in parties:
            if party == GRID:
                continue
            reports = self.shelf(party).reports(self._seen.get(party, ""))
            if reports:
                self._seen[party] = reports[-1].key
            known = self.reported.setdefault(party, {})
            for start, window in windows_of(reports).items():
                known[start] = known[start].then(window) if start in known else window

    def listen(self) -> None:
        """Take note of what has come in at the VTNs since the last time."""
        for domain in MEMBERS:
            heard, self._places[domain] = self.shelf(domain).heard(self._places.get(domain, 0))
            self.heard.setdefault(domain, []).extend(heard)

    def forget_place(self, party: str) -> None:
        """Begin again with a party whose store was replaced: it has to hear again, too."""
        self._seen.pop(party, None)
        self._places.pop(party, None)
        self.heard.pop(party, None)


@dataclass
class Scene:
    """One round as its faults see it.

    Args:
        stage: what lasts.
        number: the round.
        chance: every choice comes from it.
        notes: what was done, for people.
        findings: what a fault itself saw go wrong.
        began: when.
    """

    stage: Stage
    number: int
    chance: Random
    notes: list[str] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    began: datetime = field(default_factory=lambda: SystemClock().now())
    _taken: set[str] = field(default_factory=set)

    @property
    def place(self) -> Place:
        """Server, proxies, files."""
        return self.stage.place

    @property
    def parties(self) -> Parties:
        """The processes."""
        return self.stage.parties

    def now(self) -> datetime:
        """Return the present."""
        return SystemClock().now()

    def take(self, candidates: Iterable[str]) -> str:
        """Choose a party that no other fault of the round has; it and all below are harmed."""
        free = [party for party in candidates if party not in self._taken]
        if not free:
            raise NothingLeftError("nobody is left")
        party = self.chance.choice(free)
        self._taken.add(party)
        self.stage.ledger.harm(self.number, *below(party))
        self.notes.append(party)
        return party

    def take_server(self) -> None:
        """Claim the server; everybody is harmed."""
        if "server" in self._taken:
            raise NothingLeftError("the server is taken")
        self._taken.add("server")
        self.stage.ledger.harm(self.number, *PARTIES)

    def between(self, least: float, most: float) -> float:
        """Return a random length of time."""
        return self.chance.uniform(least, most)
