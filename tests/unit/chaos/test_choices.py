"""What a round chooses, and whom it reaches."""

from random import Random

import pytest

from xmpp_cem.chaos.faults import FAULTS, choose
from xmpp_cem.chaos.ledger import Ledger
from xmpp_cem.chaos.plan import GRID, PARTIES, SITES, below, leader
from xmpp_cem.chaos.scene import NothingLeftError, Scene, Stage
from xmpp_cem.testing.builders import at


def chance(seed):
    return Random(seed)  # noqa: S311 no secret


def scene(number=1, seed=1):
    stage = Stage(place=None, parties=None, desk=None, ledger=Ledger())
    return Scene(stage, number, chance(seed))


def test_a_seed_repeats_its_choices_and_names_a_kind_once():
    names = list(FAULTS)
    assert choose(names, 5, chance(3)) == choose(names, 5, chance(3))
    assert sorted(choose(names, len(names), chance(4))) == sorted(names)
    assert choose(["drop"], 2, chance(5)) == ["drop"]


def test_every_kind_is_chosen_sooner_or_later():
    one = chance(6)
    assert {choose(list(FAULTS), 1, one)[0] for _ in range(3000)} == set(FAULTS)


def test_a_taken_party_is_harmed_with_all_below_and_not_taken_twice():
    one = scene()
    assert one.take(["north"]) == "north"
    harmed = one.stage.ledger.harmed[1]
    assert harmed == below("north") == {"north", "north-1", "north-2", "north-3", "north-4"}
    assert not one.stage.ledger.is_harmed(1, GRID, "south", "south-1")
    with pytest.raises(NothingLeftError):
        one.take(["north"])


def test_a_fault_of_the_server_harms_everybody():
    one = scene()
    one.take_server()
    assert one.stage.ledger.harmed[1] == set(PARTIES)
    with pytest.raises(NothingLeftError):
        one.take_server()


def test_every_site_has_one_leader_and_everybody_is_below_the_top():
    assert {leader(site) for site in SITES} == {"north", "south"}
    assert below(GRID) == set(PARTIES)


def test_a_store_that_was_put_back_has_forgotten_what_came_between():
    ledger = Ledger(restored={"a": [(at(10), at(20))]})
    assert [ledger.forgot("a", at(s)) for s in (9, 10, 20, 21)] == [False, True, True, False]
    assert not ledger.forgot("b", at(15))


def test_what_two_instances_said_is_not_held_against_one_of_them():
    ledger = Ledger(doubled={"a": [(at(10), at(20))]})
    assert ledger.is_doubled("a", at(15))
    assert ledger.forgot("a", at(15))
    assert not ledger.is_doubled("a", at(21))
