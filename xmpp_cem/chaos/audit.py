"""The audit of one round: every store, every node, every process, after quiet."""

from datetime import datetime, timedelta

from xmpp_cem.chaos.audit_acts import judge_acts
from xmpp_cem.chaos.audit_controls import (
    Hop,
    asked_as,
    judge_cascade,
    judge_controls,
    judge_hop,
)
from xmpp_cem.chaos.audit_readings import Windows, judge_counts, judge_heard, judge_sums
from xmpp_cem.chaos.findings import Findings
from xmpp_cem.chaos.owner import Owner
from xmpp_cem.chaos.parties import processes_naming
from xmpp_cem.chaos.plan import GATEWAYS, GRID, MEMBERS, PARTIES, SITES, account, leader
from xmpp_cem.chaos.scene import Scene
from xmpp_cem.chaos.stores import Found
from xmpp_cem.errors import XmppCemError
from xmpp_cem.messages.controls import EventIndex
from xmpp_cem.messages.envelope import EventMessage
from xmpp_cem.model.time import Interval
from xmpp_cem.wire.codec import Flow, decode

_LEFT_S = 60


async def audit(scene: Scene, span: Interval) -> Findings:
    """Hold everything of a round against everything else.

    Args:
        scene: the round.
        span: the windows that begin in it are judged.
    """
    stage, number = scene.stage, scene.number
    stage.look(PARTIES)
    found = _found(scene)
    findings = judge_controls(stage.ledger, number, found[GRID])
    for domain, members in MEMBERS.items():
        hop = Hop(domain, found[domain], {member: found[member] for member in members})
        findings.add(judge_hop(stage.ledger, number, hop))
        reported = {member: _reported(scene, member) for member in members}
        findings.add(judge_heard(domain, reported, stage.heard.get(domain, []), span))
        findings.add(judge_counts(_countable(scene, domain, found[domain]), reported, domain))
        if domain in GATEWAYS:
            findings.add(judge_cascade(stage.ledger, number, domain, found[domain]))
            metered = {member: stage.reported.get(member, {}) for member in members}
            findings.add(judge_sums(domain, _sums(scene, domain), metered, span))
    for site in SITES:
        calm = not stage.ledger.is_harmed(number, GRID, leader(site), site)
        since = span.start - timedelta(seconds=_LEFT_S)
        other = stage.shelf(site).commitments(since).values()
        windows = {at: w for at, w in _reported(scene, site).items() if at >= span.start}
        starved = stage.ledger.starved.get(site, ())
        own = found[site] if calm else Found()
        findings.add(judge_acts(site, own, other, windows, starved))
    findings.add(_outboxes(scene))
    findings.add(await _nodes(scene))
    findings.add(_processes(scene))
    return findings


def _found(scene: Scene) -> dict[str, Found]:
    """Return what everybody knows of the round's controls, level by level."""
    controls = [control.id for control in scene.stage.ledger.of(scene.number)]
    found = {GRID: scene.stage.shelf(GRID).events(controls)}
    for domain, members in MEMBERS.items():
        for member in members:
            asked = [asked_as(d, member) for d in found[domain].dispatches.values()]
            found[member] = scene.stage.shelf(member).events(asked)
    return found


def _reported(scene: Scene, party: str) -> Windows:
    """Return a party's windows but those that its store has forgotten."""
    windows = scene.stage.reported.get(party, {})
    forgot = scene.stage.ledger.forgot
    return {start: window for start, window in windows.items() if not forgot(party, start)}


def _sums(scene: Scene, gateway: str) -> Windows:
    """Return a gateway's sums but those in which a member has told two things."""
    is_doubled = scene.stage.ledger.is_doubled
    return {
        start: window
        for start, window in _reported(scene, gateway).items()
        if not any(is_doubled(member, start) for member in MEMBERS[gateway])
    }


def _countable(scene: Scene, domain: str, book: Found) -> Found:
    """Return the parts whose readings neither side has forgotten."""
    forgot = scene.stage.ledger.forgot
    parts = {
        (event, member): part
        for (event, member), part in book.parts.items()
        if not any(
            forgot(party, at)
            for party in (domain, member)
            for at in _instants(book.dispatches[event].active)
        )
    }
    return Found(book.commitments, book.dispatches, parts)


def _instants(active: Interval) -> tuple[datetime, datetime]:
    return active.start, active.end


def _outboxes(scene: Scene) -> Findings:
    """Judge what should long have left the outboxes."""
    findings = Findings()
    before = scene.now() - timedelta(seconds=_LEFT_S)
    for party in PARTIES:
        late = [key for key, expires in scene.stage.shelf(party).waiting() if expires < before]
        if late:
            findings.unrecovered.append(f"{party} still keeps {len(late)} expired messages")
    return findings


async def _nodes(scene: Scene) -> Findings:
    """Hold what the server's nodes list against what the VTNs' stores say."""
    findings = Findings()
    for domain in MEMBERS:
        try:
            async with Owner.of(scene.place, account(domain, leads=True)) as owner:
                items = {item.item_id: item.payload for item in await owner.items(domain)}
            message = decode(items["index"], Flow.EVENT)
        except (XmppCemError, KeyError) as error:
            findings.disagreements.append(f"the events node of {domain} has no index: {error!r}")
            continue
        body = message.body if isinstance(message, EventMessage) else None
        if not isinstance(body, EventIndex):
            findings.disagreements.append(f"the index of {domain} is none")
            continue
        listed = {entry.event for entry in body.entries}
        live = set(scene.stage.shelf(domain).unended())
        if listed - live:
            text = f"the index of {domain} lists {sorted(listed - live)}, which have ended"
            findings.disagreements.append(text)
    return findings


def _processes(scene: Scene) -> Findings:
    """Judge who runs: every party once, and the server."""
    findings = Findings()
    ours = scene.parties.all_pids
    for pid, line in processes_naming(scene.place.folder).items():
        if " run " in line and pid not in ours:
            findings.disagreements.append(f"process {pid} was left behind: {line}")
    for party in scene.parties.died:
        findings.unrecovered.append(f"{party} ended by itself")
    return findings
