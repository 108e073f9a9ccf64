"""The operator's screen: the tree of domains, who is there, and how the event stands."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from xmpp_cem.agents.watching import Sight
from xmpp_cem.demo.plan import GRID, Plan
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.messages.readings import MeterReadings
from xmpp_cem.model.answer import Opt
from xmpp_cem.model.availability import Availability, Offer
from xmpp_cem.model.event import EventStatus

_COLOURS = {
    "available": "green",
    "offering": "green",
    "limited": "yellow",
    "opted-out": "magenta",
    "out-of-service": "red",
    "unreachable": "red",
}
_BAR = 30
_STEPS = "▁▂▃▄▅▆▇█"


@dataclass
class Board:
    """What is known now.

    Args:
        plan: who takes part.
        offers, said: by party, what its presence offers and says to people.
        leading: domains whose VTN is there.
        records: the newest dispatch record by domain.
        power_w: by party, as last read.
        course: how the delivered power of the grid's event went, a value per reading, W.
        happenings: the last things that people should notice.
        now: when something was last seen.
    """

    plan: Plan
    offers: dict[str, Offer | None] = field(default_factory=dict)
    leading: set[str] = field(default_factory=set)
    records: dict[str, DispatchRecord] = field(default_factory=dict)
    power_w: dict[str, int] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    course: deque[int] = field(default_factory=lambda: deque(maxlen=_BAR))
    happenings: deque[tuple[datetime, str]] = field(default_factory=lambda: deque(maxlen=9))
    now: datetime | None = None

    def take(self, sight: Sight) -> str:
        """Learn from one thing seen; returns a line when it is worth one."""
        self.now = sight.at
        line = ""
        if sight.kind == "presence":
            line = self._presence(sight)
        elif sight.message is not None:
            body = sight.message.body
            if isinstance(body, DispatchRecord):
                line = self._record(sight.domain, body)
            elif isinstance(body, MeterReadings):
                source = sight.message.header.source
                self.power_w[source] = sum(reading.power_w for reading in body.readings)
        return line

    def note(self, at: datetime, line: str) -> None:
        """Add a happening."""
        self.now = at
        self.happenings.append((at, line))

    def _presence(self, sight: Sight) -> str:
        party, _, connection = sight.source.partition("@")
        if connection.partition("/")[2].startswith("vtn"):
            before = sight.domain in self.leading
            (self.leading.add if sight.is_available else self.leading.discard)(sight.domain)
            after = sight.domain in self.leading
            return "" if before == after else f"VTN of {sight.domain} is {_there(after)}"
        offer = sight.value if isinstance(sight.value, Offer) else None
        known = self.offers.get(party)
        self.offers[party] = offer if sight.is_available else None
        self.said[party] = sight.note if sight.is_available else ""
        before_state = known.availability.value if known else "unreachable"
        after_state = offer.availability.value if offer and sight.is_available else "unreachable"
        return "" if before_state == after_state else f"{party} is {after_state}"

    def _record(self, domain: str, record: DispatchRecord) -> str:
        known = self.records.get(domain)
        self.records[domain] = record
        if domain == GRID and record.delivered_w is not None:
            self.course.append(record.delivered_w)
        if known and (known.why, known.order) == (record.why, record.order):
            return ""
        return f"{domain}: {record.why}"

    def render(self) -> RenderableType:
        """Return the screen."""
        return Group(self._head(), self._tree(), self._news())

    def _head(self) -> RenderableType:
        record = self.records.get(GRID)
        if record is None:
            return Panel(Text("no event yet", style="dim"), title="grid", title_align="left")
        status, rest = record.status.value, self._rest(record)
        line = Text.assemble((f"{status.upper():10}", _status_style(record.status)), rest)
        bars = Table.grid(padding=(0, 1))
        for label, value, colour in (
            ("target", record.target_w, "cyan"),
            ("promised", record.promised_w, "blue"),
            ("delivered", record.delivered_w, "green"),
        ):
            bars.add_row(label, _bar(value, record.target_w, colour), _kw(value))
        bars.add_row("", _sparkline(self.course, record.target_w), "as it went")
        title = f"event {record.event[:8]} at grid, version {record.order.modification}"
        return Panel(Group(line, bars), title=title, title_align="left")

    def _rest(self, record: DispatchRecord) -> str:
        if self.now is None:
            return ""
        start = (record.active.start - self.now).total_seconds()
        end = (record.active.end - self.now).total_seconds()
        if start > 0:
            return f"starts in {start:.0f} s"
        return f"ends in {end:.0f} s" if end > 0 else "over"

    def _tree(self) -> Table:
        table = Table(box=None, padding=(0, 1), header_style="bold")
        for column, width in (("party", 12), ("availability", 14)):
            table.add_column(column, min_width=width, no_wrap=True)
        for column in ("could", "power", "asked", "promised", "delivered"):
            table.add_column(column, justify="right", min_width=9, no_wrap=True)
        table.add_column("answer", no_wrap=True)
        table.add_column("its presence says")
        head = ("leads", "green") if GRID in self.leading else ("absent", "red")
        table.add_row(Text("grid (DSO)", style="bold"), Text(head[0], style=head[1]))
        for aggregator in self.plan.aggregators:
            is_last = aggregator is self.plan.aggregators[-1]
            self._row(table, "└─ " if is_last else "├─ ", GRID, aggregator.party)
            for site in aggregator.sites:
                stem = "   " if is_last else "│  "
                branch = "└─ " if site is aggregator.sites[-1] else "├─ "
                self._row(table, stem + branch, aggregator.party, site.party)
        return table

    def _row(self, table: Table, branch: str, domain: str, party: str) -> None:
        offer = self.offers.get(party)
        state = offer.availability.value if offer else "unreachable"
        record = self.records.get(domain)
        share = next((s for s in record.shares if s.party == party), None) if record else None
        could = f"{-offer.capability.decrease_w / 1000:+.1f} kW" if offer else "-"
        table.add_row(
            Text(branch + party),
            Text(state, style=_COLOURS[state]),
            Text(could, style="dim"),
            _kw(self.power_w.get(party)) if offer else "-",
            *_cells(share),
            Text(self.said.get(party, ""), style="dim", no_wrap=True, overflow="ellipsis"),
        )

    def _news(self) -> RenderableType:
        lines = [f"{at:%H:%M:%S} {line}" for at, line in self.happenings]
        return Panel(Text("\n".join(lines) or "…"), title="what happens", title_align="left")


def _cells(share: MemberShare | None) -> tuple[str, str, str, Text]:
    if share is None:
        return "", "", "", Text("")
    said = {Opt.IN: ("yes", "green"), Opt.OUT: ("no", "magenta"), None: ("silent", "yellow")}
    word, style = said[share.opt]
    reason = f" ({share.reason})" if share.reason else ""
    if share.availability is Availability.UNREACHABLE:
        word, style = f"lost, had said {word}", "red"
    return (
        _kw(share.asked_w),
        _kw(share.promised_w),
        _kw(share.delivered_w),
        Text(word + reason, style=style),
    )


def _kw(power_w: int | None) -> str:
    return "-" if power_w is None else f"{power_w / 1000:+.1f} kW"


def _bar(value: int | None, target: int, colour: str) -> Text:
    share = min(max((value or 0) / target, 0), 1) if target else 0
    full = round(share * _BAR)
    return Text("█" * full, style=colour) + Text("░" * (_BAR - full), style="dim")


def _sparkline(values: Iterable[int], target: int) -> Text:
    top = len(_STEPS) - 1
    shares = (min(max(value / target, 0), 1) if target else 0 for value in values)
    return Text("".join(_STEPS[round(share * top)] for share in shares), style="green")


def _status_style(status: EventStatus) -> str:
    return "bold green" if status is EventStatus.ACTIVE else "bold"


def _there(is_there: bool) -> str:
    return "here" if is_there else "gone"
