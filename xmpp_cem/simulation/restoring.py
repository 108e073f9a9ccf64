"""Puts an older copy of a party's store back, as somebody does who has yesterday's backup."""

from datetime import timedelta

from xmpp_cem.simulation.evidence import Evidence, PutBack
from xmpp_cem.simulation.terms import Restoring
from xmpp_cem.simulation.town import Town
from xmpp_cem.store.memory import MemoryStore

_PAUSE = timedelta(seconds=2)
"""Nobody puts a backup back faster: an epoch is told from the one before by its second."""


class Backup:
    """Copies a store, kills the party and starts it with the copy.

    Args:
        restoring: whose, and when.
        town: where the party lives.
        evidence: notes that it happened.
    """

    def __init__(self, restoring: Restoring, town: Town, evidence: Evidence) -> None:
        self._town = town
        self._party = town.parties[restoring.who]
        self._evidence = evidence
        self._copy = MemoryStore()
        self._number = 0
        town.clock.after(restoring.copied_s, self._take)
        town.clock.after(restoring.put_back_s, self._put_back)

    def _take(self) -> None:
        self._copy, self._number = self._party.disk.copied(), self._evidence.next()
        self._evidence.tell(self._party.name, "--- is copied")

    def _put_back(self) -> None:
        evidence, party = self._evidence, self._party
        started = max(lived.at for lived in evidence.lives if lived.party == party.name)
        if evidence.now() < started + _PAUSE:
            self._town.clock.after(_PAUSE.total_seconds(), self._put_back)
            return
        evidence.tell(party.name, "--- is put back")
        if party.life and not party.life.is_dead:
            party.life.end("its store is put back")
        party.disk = self._copy
        made = PutBack(evidence.next(), evidence.now(), party.name, self._number)
        evidence.put_back.append(made)
