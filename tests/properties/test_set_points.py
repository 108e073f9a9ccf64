"""A set point of a group: members are told what sums to it, and nobody more than it can do."""

from hypothesis import given
from hypothesis import strategies as st

from xmpp_cem.core.vtn.dispatch.group_set_point import Row, aim

WATTS = st.integers(min_value=0, max_value=10**6)
POWERS = st.integers(min_value=-(10**6), max_value=10**6)
ROWS = st.lists(
    st.builds(Row, st.uuids().map(str), POWERS, WATTS, WATTS, st.booleans()),
    max_size=8,
    unique_by=lambda row: row.party,
)


@given(POWERS, ROWS, st.dictionaries(st.integers(0, 7), WATTS))
def test_set_points_sum_to_what_is_asked_or_miss_it_by_what_is_told(target_w, rows, limited):
    rooms = {rows[n].party: room_w for n, room_w in limited.items() if n < len(rows)}
    made = aim(target_w, rows, lambda _: rooms)
    others_w = sum(row.power_w for row in rows if not row.takes)
    miss_w = target_w - others_w - sum(made.powers_w.values())
    assert abs(miss_w) == made.missed_w
    assert made.powers_w.keys() == {row.party for row in rows if row.takes}
    for row in rows:
        if row.takes:
            moved_w = made.powers_w[row.party] - row.power_w
            room_w = rooms.get(row.party, 10**9)
            assert -min(row.fall_w, room_w) <= moved_w <= min(row.rise_w, room_w)
    if made.missed_w:
        full = [row.fall_w if miss_w < 0 else row.rise_w for row in rows if row.takes]
        able_w = sum(
            min(w, rooms.get(row.party, w))
            for w, row in zip(full, (r for r in rows if r.takes), strict=True)
        )
        change_w = target_w - sum(row.power_w for row in rows)
        assert abs(change_w) - able_w == made.missed_w
