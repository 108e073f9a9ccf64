"""The command `check`: says what a configuration file means, without connecting."""

from pathlib import Path
from typing import Annotated, assert_never

import typer

from xmpp_cem.cli.arguments import AsJson, File
from xmpp_cem.cli.output import show_json, show_pairs
from xmpp_cem.config.account import AccountConfig
from xmpp_cem.config.cascading import refuse_circles
from xmpp_cem.config.domains import LowerConfig, UpperConfig
from xmpp_cem.config.fields import seconds
from xmpp_cem.config.loading import load
from xmpp_cem.config.roles import (
    ClockConfig,
    Config,
    GatewayConfig,
    OperatorConfig,
    VenConfig,
    VtnConfig,
)
from xmpp_cem.config.storing import store_name
from xmpp_cem.model.availability import kilowatts

Beside = Annotated[
    list[Path] | None,
    typer.Option(
        "--with", metavar="FILE", help="File of another gateway; together they form no circle."
    ),
]


def check(file: File, beside: Beside = None, as_json: AsJson = False) -> None:
    """Check a configuration file and say what it means; connects to nothing."""
    config = load(file)
    together = [config, *map(load, beside or ())]
    refuse_circles(each for each in together if isinstance(each, GatewayConfig))
    if as_json:
        show_json(config)
    else:
        show_pairs(_summary(config))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def _summary(config: Config) -> list[tuple[str, str]]:
    """Return the lines that tell a person what was understood."""
    match config:
        case VtnConfig():
            middle = [_below(config.lower), _members(config.lower), _timing(config.lower)]
        case VenConfig():
            middle = [_above(config.upper), _resources(config), _control(config)]
        case GatewayConfig():
            above = [_above(upper) for upper in config.upper]
            below = [_below(lower) for lower in config.lower]
            middle = [*above, *below, _cascade(config)]
        case OperatorConfig():
            middle = [("account", _login(config.account)), _domains(config), _presences(config)]
        case _:
            assert_never(config)
    return [("role", f"{config.role} {config.party}: the file is valid"), *middle, _kept(config)]


def _login(account: AccountConfig) -> str:
    where = f" at {account.host}:{account.port or 5222}" if account.host else ""
    return f"{account.jid}{where} by {account.proof}"


def _above(upper: UpperConfig) -> tuple[str, str]:
    vtn = str(upper.vtn_address) if upper.vtn else "the VTN that its card names"
    return "above", f"VEN in {upper.domain} of {vtn}, {_login(upper.account)}"


def _below(lower: LowerConfig) -> tuple[str, str]:
    return "below", f"VTN of {lower.domain} on {lower.pubsub}, {_login(lower.account)}"


def _members(lower: LowerConfig) -> tuple[str, str]:
    members = _few([member.party for member in lower.members])
    return "members", f"{members}; operators: {_few(list(lower.operators))}"


def _timing(lower: LowerConfig) -> tuple[str, str]:
    heartbeat, window = seconds(lower.heartbeat), seconds(lower.report_every)
    return "timing", f"index every {heartbeat}, readings over {window}, uplink {lower.uplink}"


def _resources(config: VenConfig) -> tuple[str, str]:
    return "resources", _few([f"{r.id} ({r.label})" for r in config.resources])


def _control(config: VenConfig) -> tuple[str, str]:
    upper = config.upper
    every = seconds(upper.min_change_every)
    text = f"every {seconds(config.control.every)}; a change of {upper.min_change_w} W is told"
    return "control", f"{text}, at most every {every}; {_failsafe(config)}"


def _failsafe(config: VenConfig) -> str:
    held = config.failsafe
    if held is None:
        return "no failsafe"
    return f"failsafe: {kilowatts(held.import_w)} import, {kilowatts(held.export_w)} export"


def _cascade(config: GatewayConfig) -> tuple[str, str]:
    margin = seconds(config.cascade.answer_margin)
    members = "; ".join(_members(lower)[1] for lower in config.lower)
    return "cascade", f"{config.cascade.policy}, members answer {margin} earlier: {members}"


def _domains(config: OperatorConfig) -> tuple[str, str]:
    return "domains", _few([f"{d.domain} ({d.vtn_address})" for d in config.domains])


def _presences(config: OperatorConfig) -> tuple[str, str]:
    extra = sum(len(domain.members) for domain in config.domains)
    return "watches", f"the VTNs, the members they tell and {extra} more accounts"


def _kept(config: Config) -> tuple[str, str]:
    store = "nothing is stored" if isinstance(config, OperatorConfig) else store_name(config.store)
    return "keeps", f"{store}; {_time(config.clock)}"


def _time(clock: ClockConfig | None) -> str:
    if clock is None:
        return "real time"
    return f"simulated time, {clock.speed:g} x from {clock.origin:%Y-%m-%dT%H:%M:%SZ}"


def _few(names: list[str]) -> str:
    """Name up to five, count the rest."""
    if not names:
        return "none"
    rest = f" and {len(names) - 5} more" if len(names) > 5 else ""  # noqa: PLR2004 five
    return ", ".join(names[:5]) + rest
