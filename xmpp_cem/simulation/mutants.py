"""Deliberate protocol bugs, each a small edit of the real code, that the audit must catch."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from xmpp_cem.core.cascade import case
from xmpp_cem.core.life import arrival
from xmpp_cem.core.ven import catchup, declining
from xmpp_cem.core.ven.eventbook import EventBook
from xmpp_cem.core.ven.ven import Ven
from xmpp_cem.core.ven.venstate import VenState
from xmpp_cem.core.vtn.dispatch import standing
from xmpp_cem.core.vtn.dispatch.following_up import FollowingUp
from xmpp_cem.core.vtn.publication import Publication
from xmpp_cem.runtime.engine import Engine
from xmpp_cem.runtime.outbox import Outbox
from xmpp_cem.runtime.perform import Performer
from xmpp_cem.simulation.edits import Edit, edited

_IS_LOWER = "version.order < known.order"
_ADD = "        for entry in batch.send:\n            self._outbox.add(entry, group)\n"
_COMMIT = """\
        with self._vitals.committing():
            await self.keeper.commit(batch)
"""
_ANSWER = """\
        for effect in effects:
            if type(effect).__name__ == "Respond":
                self._performer.perform(effect, group)
"""
_INBOX = """\
        inbox = self.__dict__.setdefault("inbox", {})
        inbox.update({(one.sender, one.message_id): one.reply for one in batch.received})
        batch.received = []
"""
_STORED = "await self.keeper.reply_to(what.sender.bare, message_id)"
_FETCH = "        items = await transport.fetch(effect.service, effect.node)\n"
_SUBSCRIBE = "        await transport.subscribe(effect.service, effect.node)\n"
_TAKEN = "return [effect for event in events for effect in self.take_event(event, header, now)]"
_CANCELLED = """\
named = tuple(events)
        missing = [c for c in self.live() if c.event.id not in {event.id for event in named}]
        omitted = Happening(Cause.OMITTED, Word(), now)
        ended = [e for c in missing for e in self.happened(c.event.id, omitted)]
        return ended + [e for event in named for e in self.take_event(event, header, now)]"""
_FORGOTTEN = '(commitment.model_copy(update={"offsets": None}))'
_GIVEN_UP = """\
            return Outcome(entry, condition="undefined-condition", reason=str(error))
"""
_DRAWN = """\
upper.__dict__.setdefault("drawn", {}).setdefault(
            commitment.event.id,
            str(__import__("uuid").UUID(int=__import__("random").getrandbits(128))),
        )"""


@dataclass(frozen=True)
class Mutant:
    """A bug, named as in the list of those that must be caught.

    Args:
        name: what it is called.
        edits: what is changed in the real code.
    """

    name: str
    edits: tuple[Edit, ...]


MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "no dedupe",
        (
            Edit(Engine, "_is_repeat", "not is_kept(what)", "True"),
            Edit(arrival, "judge_version", "Cause.SAME if", "Cause.NEWER if"),
        ),
    ),
    Mutant(
        "no retry",
        (
            Edit(Outbox, "_attempt", "if error.is_temporary:", "if False:"),
            Edit(Outbox, "_attempt", "            return None\n", _GIVEN_UP, last=True),
        ),
    ),
    Mutant(
        "trust IQ result",
        (
            Edit(Publication, "everything", "self._dispatching.live()", "[]"),
            Edit(FollowingUp, "remind", "if dispatch is None or", "if True or"),
            Edit(Ven, "_reply", "request.header.verb is Verb.CREATE", "False"),
        ),
    ),
    Mutant(
        "no re-ack",
        (
            Edit(
                Engine, "_is_repeat", "self._intakes[what.link].respond(what.token, reply)", "pass"
            ),
        ),
    ),
    Mutant("ack before commit", (Edit(Engine, "_step", _COMMIT, _ANSWER + _COMMIT),)),
    Mutant("publish before commit", (Edit(Engine, "_step", _COMMIT + _ADD, _ADD + _COMMIT),)),
    Mutant(
        "no catch-up",
        (
            Edit(Performer, "_catch_up", _FETCH, "        items = ()\n"),
            Edit(Ven, "_reply", "request.header.verb is Verb.CREATE", "False"),
            Edit(catchup, "make_good", "if admission is None or not events", "if True"),
        ),
    ),
    Mutant(
        "fetch-then-subscribe",
        (
            Edit(Performer, "_catch_up", _SUBSCRIBE + _FETCH, _FETCH + _SUBSCRIBE),
            # The VTN's own answer to whoever registers would hide it.
            Edit(Ven, "_reply", "request.header.verb is Verb.CREATE", "False"),
        ),
    ),
    Mutant(
        "accept lower modificationNumber",
        (Edit(arrival, "judge_version", _IS_LOWER, "False"),),
    ),
    Mutant(
        "random child ids",
        (
            Edit(
                case,
                "case_of",
                "lower_event_id(commitment.event.id, lower.domain)",
                _DRAWN,
            ),
        ),
    ),
    Mutant(
        "volatile inbox",
        (
            Edit(Engine, "_step", _COMMIT, _INBOX + _COMMIT),
            Edit(
                Engine,
                "_is_repeat",
                _STORED,
                'self.__dict__.get("inbox", {}).get((what.sender.bare, message_id))',
            ),
        ),
    ),
    Mutant(
        "implied cancel from partial list",
        (Edit(EventBook, "take_events", _TAKEN, _CANCELLED),),
    ),
    Mutant(
        "dedupe by arrival time",
        (
            Edit(
                arrival,
                "judge_version",
                "version.order == known.order",
                "version.digest == known.digest",
            ),
            Edit(arrival, "judge_version", _IS_LOWER, "False"),
            Edit(
                standing,
                "follows",
                "answer.sequence > last.sequence or answer.at > last.at",
                "answer != last",
            ),
        ),
    ),
    Mutant(
        "re-randomise offset on restart",
        (
            Edit(EventBook, "restore", "(commitment)", _FORGOTTEN),
            Edit(VenState, "start", "self.record.seed or ", ""),
        ),
    ),
    Mutant(
        "cancel by an index older than the event",
        (Edit(EventBook, "_omitted", " and event.created < index.at", ""),),
    ),
    Mutant(
        "nothing said about what is over",
        (Edit(declining, "declining", "known is None or", "True or"),),
    ),
)
"""The fourteen that must be caught, then those that simulation and trials have found."""


@contextmanager
def mutated(name: str) -> Iterator[None]:
    """Let the code have a bug for a while; no name, no bug.

    Raises:
        KeyError: there is no such mutant.
        ValueError: the code has changed, and an edit no longer fits it.
    """
    edits = {mutant.name: mutant.edits for mutant in MUTANTS}[name] if name else ()
    with ExitStack() as stack:
        for edit in edits:
            stack.enter_context(edited(edit))
        yield
