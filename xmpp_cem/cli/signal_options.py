"""The options that say a signal, the same for every command that takes one."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from xmpp_cem.cli.arguments import amount, power
from xmpp_cem.cli.dispatch import chosen_power
from xmpp_cem.cli.signals import Said, flow, price
from xmpp_cem.model.signal import Direction, Phase, Place
from xmpp_cem.model.signal import Price as PriceSignal

Power = Annotated[
    int | None,
    typer.Option(parser=power, metavar="POWER", help="Change of power; -60kW is a decrease."),
]
Reduce = Annotated[
    int | None,
    typer.Option(parser=amount, metavar="POWER", help="Decrease of power, as 60kW."),
]
Increase = Annotated[
    int | None,
    typer.Option(parser=amount, metavar="POWER", help="Increase of power, as 60kW."),
]
LimitOf = Annotated[
    int | None,
    typer.Option("--limit", parser=flow, metavar="POWER", help="The most that may flow, as 50kW."),
]
FlowDirection = Annotated[
    Direction | None,
    typer.Option("--direction", metavar="import|export", help="Which way the limited power flows."),
]
OfPhase = Annotated[
    Phase | None, typer.Option("--phase", metavar="A|B|C", help="A limit of one phase only.")
]
Mandatory = Annotated[bool, typer.Option("--mandatory", help="A limit that admits no opt-out.")]
SetPoint = Annotated[
    int | None,
    typer.Option(parser=power, metavar="POWER", help="Power that all who are meant have together."),
]
PriceOf = Annotated[
    PriceSignal | None,
    typer.Option("--price", parser=price, metavar="PRICE", help="Price, as 0.31EUR/kWh."),
]
LevelOf = Annotated[
    int | None,
    typer.Option("--level", min=0, max=3, metavar="NUMBER", help="0 is normal, 3 the most urgent."),
]
At = Annotated[
    Place | None,
    typer.Option(
        metavar="terminals|connection-point",
        help="Where a limit (default: connection-point) or set point (terminals) is reckoned.",
    ),
]
Then = Annotated[
    list[str] | None,
    typer.Option(metavar="TIME=VALUE", help="What follows so long after the start, as 30m=20kW."),
]


def with_signal(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a signal; it is told what they say as `said`."""
    own, options = inspect.signature(command), inspect.signature(_said)

    @functools.wraps(command)
    def called(**given: Any) -> None:
        said = _said(**{name: given.pop(name) for name in options.parameters})
        command(said=said, **given)

    parameters: list[inspect.Parameter] = []
    for parameter in own.parameters.values():
        is_said = parameter.name == "said"
        parameters += options.parameters.values() if is_said else [_by_name(parameter)]
    called.__dict__["__signature__"] = own.replace(parameters=parameters)
    called.__annotations__ = {each.name: each.annotation for each in parameters}
    return called


def _by_name(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def _said(  # noqa: PLR0913 one per option
    *,
    power: Power = None,
    reduce: Reduce = None,
    increase: Increase = None,
    limit: LimitOf = None,
    direction: FlowDirection = None,
    phase: OfPhase = None,
    mandatory: Mandatory = False,
    set_point: SetPoint = None,
    price: PriceOf = None,
    level: LevelOf = None,
    at: At = None,
    then: Then = None,
) -> Said:
    is_power = any(given is not None for given in (power, reduce, increase))
    return Said(
        power_w=chosen_power(power, reduce, increase) if is_power else None,
        limit_w=limit,
        set_point_w=set_point,
        price=price,
        level=level,
        direction=direction,
        phase=phase,
        is_mandatory=mandatory,
        at=at,
        then=tuple(then or ()),
    )
