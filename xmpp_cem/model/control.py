"""What passes between a VEN and the devices it answers for."""

from typing import Annotated

from pydantic import Field

from xmpp_cem.model.flexibility import Forecasts, Offered
from xmpp_cem.model.ids import ResourceId
from xmpp_cem.model.limits import Limits
from xmpp_cem.model.quantity import Energy, Flexibility, PerMille, Power
from xmpp_cem.model.reading import Corrections
from xmpp_cem.model.text import Sentence
from xmpp_cem.model.time import Instant, Interval
from xmpp_cem.model.value import Value


class Sample(Value):
    """One look at a resource's meter and state.

    Args:
        resource: whose.
        kind: what it is, for people.
        power_w: present power, signed, W.
        increase_w, decrease_w: by how much it can rise and fall now, W.
        import_wh, export_wh: register values, where there are registers.
        stored_wh: energy in store, where that has meaning.
        is_overridden: the customer has taken local control; nobody else may act.
        reason: why the customer has, for people.
        overridden_until: when the customer's control ends by itself, UTC; None: nobody knows.
        is_faulty: the device does not answer or obey; its power is the last one known.
        fault: why it is faulty, for people.
        charge_permille: state of charge, of the full store.
        needed_wh: energy that it still needs until `departs`.
        departs: when it has to be served, such as the departure of a car, UTC.
        limits: what its physics allows.
        offered: what its owner offers beyond what it can do by itself.
        corrections: what it did in truth at times that have been reported; again is harmless.
        forecast: what it will be able to do; windows that stay where they are, such as full hours.
    """

    resource: ResourceId
    kind: str = Field(default="", max_length=32)
    power_w: Power
    increase_w: Flexibility = 0
    decrease_w: Flexibility = 0
    import_wh: Energy | None = None
    export_wh: Energy | None = None
    stored_wh: Energy | None = None
    is_overridden: bool = False
    reason: Sentence = ""
    overridden_until: Instant | None = None
    is_faulty: bool = False
    fault: Annotated[str, Field(max_length=200)] = ""
    charge_permille: PerMille | None = None
    needed_wh: Energy | None = None
    departs: Instant | None = None
    limits: Limits | None = None
    offered: Offered | None = None
    forecast: Forecasts = ()
    corrections: Corrections = ()


def able_w(sample: Sample, over: Interval, *, is_fall: bool) -> int:
    """Return by how much a resource can fall or rise now, with what is offered for a time, W."""
    offered_w = sample.offered.flexible_w(over, is_fall=is_fall) if sample.offered else 0
    return (sample.decrease_w if is_fall else sample.increase_w) + offered_w


class SetPoint(Value):
    """The power a resource is to have now, absolute and signed, in W; None leaves it free."""

    resource: ResourceId
    power_w: Power | None
