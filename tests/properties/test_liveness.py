"""A lease lapses exactly when a member was silent for so long while we listened."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.effects import Ping
from xmpp_cem.core.vtn.members.liveness import Liveness
from xmpp_cem.testing.builders import HOST, at

LEASE_S = 20
LOOK_S = 2
signs = st.lists(st.integers(min_value=0, max_value=200), max_size=12)


@given(heard=st.dictionaries(st.sampled_from("abcdef"), signs, min_size=1))
def test_who_is_heard_in_time_never_lapses_and_who_is_not_always_does(heard):
    accounts = {party: f"{party}@{HOST}" for party in heard}
    liveness = Liveness(timedelta(seconds=LEASE_S))
    liveness.begin(at(0))
    last = dict.fromkeys(heard, 0)
    for party in heard:
        liveness.shown(party, at(0))
    lapsed = set()
    for second in range(1, 201):
        for party, seconds in heard.items():
            if second in seconds:
                assert liveness.heard(party, at(second)) is (party in lapsed)
                lapsed.discard(party)
                last[party] = second
        gone, effects = liveness.look(accounts, at(second))
        lapsed.update(gone)
        for party in heard:
            silence = second - last[party]
            assert (party in lapsed) or silence < LEASE_S + LOOK_S
            assert (party not in lapsed) or silence >= LEASE_S
        for effect in effects:
            if isinstance(effect, Ping):
                assert second - last[effect.to.bare[0]] >= LEASE_S * 0.6
