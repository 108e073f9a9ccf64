"""Small values as hypothesis strategies: texts, names, numbers, times."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from xmpp_cem.model.text import one_line
from xmpp_cem.model.time import Interval

XML_CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)


def few(items, least=0):
    return st.lists(items, min_size=least, max_size=3).map(tuple)


def texts(longest=40):
    return st.text(XML_CHARACTERS, max_size=longest)


labels = st.text(XML_CHARACTERS, min_size=1, max_size=40).map(one_line)


def names(characters, longest):
    return st.text(characters, min_size=1, max_size=longest)


ALNUM = "abcXYZ0189"
uuids = st.uuids().map(str)
event_ids = uuids | st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", fullmatch=True)
counts = st.integers(0, 2**53)
powers = st.integers(-(10**12), 10**12)
flexibilities = st.integers(0, 10**12)
energies = st.integers(0, 10**15)
millivolts = st.integers(0, 10**9)
instants = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
domains = names("abyz09-", 32)
parties = names(ALNUM + "._-", 64)
resource_ids = names(ALNUM + "._:-", 64)


@st.composite
def intervals(draw):
    start = draw(instants)
    length = draw(
        st.one_of(
            st.integers(1, 10_000).map(lambda minutes: timedelta(minutes=minutes)),
            st.timedeltas(timedelta(microseconds=1), timedelta(days=400)),
        )
    )
    return Interval(start=start, end=start + length)
