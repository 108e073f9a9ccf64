"""The commands `members list`, `admit`, `expel`, `replace`, `why` and `ask`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from xmpp_cem.cli import asking
from xmpp_cem.cli.arguments import AsJson, File, InDomain
from xmpp_cem.cli.failures import accepted
from xmpp_cem.cli.output import rests_on, show_json, show_line, show_pairs, show_table, signed_kw
from xmpp_cem.cli.resources import told
from xmpp_cem.errors import RemoteProtocolError
from xmpp_cem.messages.envelope import Noun, ResponseMessage, Verb
from xmpp_cem.messages.operations import DomainMembers, MemberEntry, WaitingEntry
from xmpp_cem.model.availability import kilowatts
from xmpp_cem.model.membership import Standing

if TYPE_CHECKING:  # it brings the whole XMPP library
    from datetime import datetime

    from xmpp_cem.agents.operator import Operator

Account = Annotated[str, typer.Argument(help="Bare address of the box's account.")]
Party = Annotated[str, typer.Argument(help="The member.")]
AsParty = Annotated[
    str | None,
    typer.Option("--party", metavar="ID", help="Its party; default: the account's local part."),
]
Despite = Annotated[
    bool, typer.Option("--despite-likeness", help="Although it looks like another account.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="For people; at most 256 characters.")]
Name = Annotated[
    str, typer.Argument(metavar="PARTY|ACCOUNT", help="A member, or an account that wants in.")
]

_HEADINGS = (
    "party",
    "account",
    "availability",
    "power",
    "committed",
    "increase",
    "decrease",
    "last heard",
)


class _Listing(TyperGroup):
    """`members FILE` is short for `members list FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` before what names no command."""
        is_command = not args or args[0] in self.commands or args[0] == "--help"
        return super().parse_args(ctx, args if is_command else ["list", *args])


members = typer.Typer(
    cls=_Listing,
    help="List, ask, admit, expel and replace a domain's members.",
    no_args_is_help=True,
)


@members.command(name="list")
def show(file: File, domain: InDomain = None, as_json: AsJson = False) -> None:
    """List a domain's members as the VTN knows them, and the accounts that wait for admission.

    `members FILE` is short for it.
    """
    from xmpp_cem.cli.connected import as_operator, operator_config

    async def work(operator: "Operator") -> DomainMembers:
        return await operator.members(domain)

    found = as_operator(operator_config(file, domain), work)
    if as_json:
        show_json(found)
        return
    show_table(_HEADINGS, (*map(_row, found.members), *map(_waiting, found.waiting)))
    for each in found.waiting:
        show_line(f"{each.account} waits: {_knocked(each)}; members admit lets it in", "yellow")


@members.command()
def admit(
    file: File,
    account: Account,
    party: AsParty = None,
    despite: Despite = False,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Admit an account to a domain, while its VTN runs; it is a member once this returns.

    An account that looks like another one's is refused until it is said to be meant.
    """
    entry = MemberEntry(party=party or account.partition("@")[0], account=account)
    options = _despite(despite=despite)
    _commanded(file, domain, Verb.CREATE, entry, options)
    _told(entry, f"{entry.party} is admitted with the account {account}", as_json=as_json)


@members.command()
def expel(
    file: File,
    party: Party,
    reason: Reason = "",
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Expel a member, also during an event; it is out once this returns.

    Its events are cancelled first, and its answer to that is awaited for up to 8 s; then it can
    neither read the domain's nodes nor see the VTN's presence. Its history is kept.
    """
    entry = MemberEntry(party=party, account="")
    options = (("reason", reason[:256]),) if reason else ()
    _commanded(file, domain, Verb.DELETE, entry, options)
    _told(entry, f"{party} is expelled", as_json=as_json)


@members.command()
def replace(
    file: File,
    party: Party,
    account: Account,
    despite: Despite = False,
    domain: InDomain = None,
    as_json: AsJson = False,
) -> None:
    """Give a member another account, as for a new box; the old account is expelled.

    Party, resources and history stay what they are.
    """
    entry = MemberEntry(party=party, account=account)
    _commanded(file, domain, Verb.CHANGE, entry, _despite(despite=despite))
    _told(entry, f"{party} now has the account {account}", as_json=as_json)


@members.command(name="show")
def resources(file: File, party: Party, domain: InDomain = None, as_json: AsJson = False) -> None:
    """Show what each of a member's resources can do, as it has told its VTN.

    Rated; available: by how much power can rise and fall now; committed to events; offered beyond
    that at a price; forecast; of a car the energy that it needs and when it leaves.
    """
    body = _about(file, party, domain)
    if as_json:
        show_json(body)
        return
    for entry in body.members:
        show_line(f"{entry.party}: revision {entry.revision} of what it can do")
        for resource in entry.resources:
            show_line(f"{resource.id} ({resource.kind or 'unknown'}), {resource.state}")
            show_pairs((f"  {name}", value) for name, value in told(resource))


@members.command()
def why(file: File, name: Name, domain: InDomain = None, as_json: AsJson = False) -> None:
    """Say why a member is not available, or an account not admitted, as its VTN sees it."""
    body = _about(file, name, domain)
    if as_json:
        show_json(body)
        return
    for line in _explained(body):
        show_line(line)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    members.command(name="ask")(asking.ask)
    app.add_typer(members, name="members")


def _about(file: "File", name: str, domain: str | None) -> DomainMembers:
    """Return all that the VTN tells about one member or account."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    async def work(operator: "Operator") -> ResponseMessage:
        return await operator.request(domain, Verb.GET, Noun.MEMBERS, ids=(name,))

    body = accepted(as_operator(operator_config(file, domain), work)).body
    if not isinstance(body, DomainMembers):
        raise RemoteProtocolError("1.7", "the VTN's answer holds no DomainMembers")
    return body


def _despite(*, despite: bool) -> tuple[tuple[str, str], ...]:
    return (("despite-likeness", "true"),) if despite else ()


def _commanded(
    file: "File", domain: str | None, verb: Verb, entry: MemberEntry, options: Iterable[Any]
) -> None:
    """Ask the VTN for it, and wait until it is so; raises DeniedError where it refuses."""
    from xmpp_cem.cli.connected import as_operator, operator_config

    config = operator_config(file, domain)
    body = DomainMembers(domain=config.domain(domain).domain, members=(entry,))
    is_named = verb is Verb.DELETE

    async def work(operator: "Operator") -> ResponseMessage:
        return await operator.request(
            domain,
            verb,
            Noun.MEMBERS,
            body=None if is_named else body,
            ids=(entry.party,) if is_named else (),
            options=tuple(options),
        )

    accepted(as_operator(config, work))


def _told(entry: MemberEntry, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json({"party": entry.party, "account": entry.account or None, "done": True})
    else:
        show_line(sentence, "green")


def _explained(body: DomainMembers) -> Iterator[str]:
    for entry in body.members:
        state = entry.standing or Standing.MEMBER
        heard = f"last heard {_time(entry.last_heard)}" if entry.last_heard else "never heard"
        yield f"{entry.party} ({entry.account}): {state}, {entry.availability}, {heard}"
        yield from (f"  {finding}" for finding in entry.findings)
        if not entry.findings:
            yield "  nothing keeps it from taking part"
        for refusal in entry.refusals:
            yield f"  refused {_time(refusal.at)}: {refusal.reason} (code {refusal.code})"
    for each in body.waiting:
        yield f"{each.account}: waits for admission, {_knocked(each)}"


def _knocked(each: WaitingEntry) -> str:
    note = f"; {each.note}" if each.note else ""
    times = f", {each.times} times" if each.times > 1 else ""
    return f"first heard {_time(each.first)}, last {_time(each.last)}{times}{note}"


def _time(at: "datetime") -> str:
    return f"{at:%Y-%m-%d %H:%M:%SZ}"


def _row(entry: MemberEntry) -> tuple[str, ...]:
    is_known = entry.revision > 0
    return (
        entry.party,
        entry.account,
        entry.standing.value if entry.standing else entry.availability.value,
        f"{signed_kw(entry.power_w)}{_rests(entry)}" if is_known else "-",
        signed_kw(entry.committed_w) if is_known else "-",
        kilowatts(entry.increase_w) if is_known else "-",
        kilowatts(entry.decrease_w) if is_known else "-",
        _time(entry.last_heard) if entry.last_heard else "never",
    )


def _rests(entry: MemberEntry) -> str:
    if entry.expected is None or entry.reporting is None:
        return ""
    permille = entry.estimated_share_permille or 0
    return rests_on(entry.expected, entry.reporting, entry.oldest if permille else None, permille)


def _waiting(each: WaitingEntry) -> tuple[str, ...]:
    return ("-", each.account, "waiting", "-", "-", "-", "-", _time(each.last))
