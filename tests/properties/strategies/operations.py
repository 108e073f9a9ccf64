"""What operators are told as hypothesis strategies."""

from hypothesis import strategies as st

from tests.properties.strategies.basics import (
    counts,
    few,
    flexibilities,
    instants,
    parties,
    powers,
    texts,
)
from tests.properties.strategies.events import signals
from tests.properties.strategies.resources import resources
from xmpp_cem.messages.operations import (
    MemberEntry,
    MemberShare,
    NodeEntry,
    RefusalEntry,
    WaitingEntry,
)
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability
from xmpp_cem.model.membership import Standing
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.stage import Stage
from xmpp_cem.model.stated import Stated

stated = st.builds(
    Stated,
    power_w=powers,
    expected=st.integers(0, 2**31),
    reporting=st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.integers(0, 1000),
    quality=st.sampled_from(Quality),
    made=instants,
)
shares = st.builds(
    MemberShare,
    party=parties,
    availability=st.sampled_from(Availability),
    asked_w=powers,
    opt=st.none() | st.sampled_from(Opt),
    promised_w=powers,
    baseline_w=st.none() | powers,
    delivered_w=st.none() | powers,
    reason=texts(),
    asked=st.none() | signals,
    counted_w=st.none() | flexibilities,
    alarm=texts(),
    stage=st.none() | st.sampled_from(Stage),
    stage_at=st.none() | instants,
    until=st.none() | instants,
    stated=st.none() | stated,
)
members = st.builds(
    MemberEntry,
    party=parties,
    account=texts(),
    availability=st.sampled_from(Availability),
    power_w=powers,
    increase_w=flexibilities,
    decrease_w=flexibilities,
    committed_w=st.just(0) | powers,
    resources=few(resources),
    revision=counts,
    last_heard=st.none() | instants,
    standing=st.none() | st.sampled_from(Standing),
    since=st.none() | instants,
    expected=st.none() | st.integers(0, 2**31),
    reporting=st.none() | st.integers(0, 2**31),
    oldest=st.none() | instants,
    estimated_share_permille=st.none() | st.integers(0, 1000),
    findings=few(texts()),
    refusals=few(
        st.builds(
            RefusalEntry,
            at=instants,
            code=st.from_regex(r"[0-9]\.[0-9]{1,2}", fullmatch=True),
            reason=texts(),
        )
    ),
)
waiting = st.builds(
    WaitingEntry,
    account=texts(),
    first=instants,
    last=instants,
    times=st.integers(1, 2**31),
    note=texts(),
)
nodes = st.builds(
    NodeEntry,
    name=texts(),
    was_created=st.booleans(),
    was_repaired=st.booleans(),
    drift=few(texts()),
)
