"""Shows how an event stands, as a table and as one line."""

from xmpp_cem.cli.output import rests_on, show_pairs, show_table, signed_kw
from xmpp_cem.messages.operations import DispatchRecord, MemberShare
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.reading import Quality
from xmpp_cem.model.signal import TargetPower, in_words
from xmpp_cem.model.stated import Stated


def show_record(record: DispatchRecord) -> None:
    """Print how an event stands."""
    active = record.active
    power = [f"asked {asked_of(record)}", f"promised {signed_kw(record.promised_w)}"]
    missing_w = abs(record.target_w) - abs(record.promised_w)
    if missing_w > abs(record.target_w) // 100:
        power.append(f"missing {signed_kw(missing_w if record.target_w > 0 else -missing_w)}")
    power.append(f"delivered {signed_kw(record.delivered_w)} ({record.delivered_wh} Wh)")
    show_pairs(
        [
            ("event", record.event),
            ("domain", record.domain),
            ("status", record.status.value),
            ("active", f"{active.start:%Y-%m-%d %H:%M:%SZ} to {active.end:%H:%M:%SZ}"),
            ("power", ", ".join(power)),
            *([("baseline", _stated(record.baseline))] if record.baseline else []),
            *([(_beyond(record), kilowatts(record.excess_w))] if record.excess_w else []),
            ("divided anew", f"{record.redivisions} times"),
            ("why", record.why or "-"),
        ]
    )
    if record.shares:
        headings = ("party", "availability", "answer", "asked", "promised", "delivered", "reason")
        show_table(headings, (_row(share) for share in record.shares))


def _beyond(record: DispatchRecord) -> str:
    return "missed by" if isinstance(record.asked, TargetPower) else "excess"


def line_of(record: DispatchRecord) -> str:
    """Return one line on how an event stands."""
    return (
        f"{record.status.value}: asked {asked_of(record)}, "
        f"promised {signed_kw(record.promised_w)}, delivered {signed_kw(record.delivered_w)}"
        f"{'; ' + record.why if record.why else ''}"
    )


def asked_of(record: DispatchRecord | MemberShare) -> str:
    """Return what was asked for, of a domain or of one member, for people."""
    if record.asked is not None:
        return in_words(record.asked)
    return signed_kw(record.target_w if isinstance(record, DispatchRecord) else record.asked_w)


def reason_of(share: MemberShare) -> str:
    """Return what is to be known of a member's part besides figures, for people."""
    counted = "" if share.counted_w is None else f"counts with {kilowatts(share.counted_w)}"
    alarm = f"ALARM: {share.alarm}" if share.alarm else ""
    at = share.stage_at
    told = f"{share.stage} {at:%H:%M:%SZ}" if share.stage and at else ""
    since = share.silent_since
    silent = f"no answer since {since:%H:%M:%SZ}" if since else ""
    own = f"its members' baseline is {_stated(share.stated)}" if share.stated else ""
    return "; ".join(filter(None, (alarm, share.reason, counted, told, silent, own)))


def _stated(stated: Stated) -> str:
    permille = stated.estimated_share_permille
    rests = rests_on(
        stated.expected, stated.reporting, stated.oldest if permille else None, permille
    )
    doubt = " (questionable)" if stated.quality is Quality.QUESTIONABLE else ""
    return f"{signed_kw(stated.power_w)}{rests}{doubt}"


def _row(share: MemberShare) -> tuple[str, ...]:
    return (
        share.party,
        share.availability.value,
        share.opt.value if share.opt else "-",
        asked_of(share),
        signed_kw(share.promised_w) + (f" until {share.until:%H:%M:%SZ}" if share.until else ""),
        signed_kw(share.delivered_w),
        reason_of(share),
    )
