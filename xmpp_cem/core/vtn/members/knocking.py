"""Accounts that ask to be let in and are not admitted: shown to operators, within bounds."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from xmpp_cem.core.effects import Effect, Note

MOST = 100
"""So many accounts are listed; whoever comes when they are full is only counted."""

FORGOTTEN_AFTER = timedelta(days=1)
_NOTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True)
class Knock:
    """One account that waits.

    Args:
        account: bare address.
        first, last: when it came first and last.
        times: how often it was heard; the runtime passes on one knock a minute.
        noted: when people were last told.
    """

    account: str
    first: datetime
    last: datetime
    times: int
    noted: datetime


class Knocking:
    """Who knocks, in memory alone: who still wants in after a restart knocks again.

    Nothing of a stranger is written to the store, so that strangers cannot wear it out.
    """

    def __init__(self) -> None:
        self._knocks: dict[str, Knock] = {}
        self.unlisted = 0

    def knock(self, account: str, now: datetime) -> list[Effect]:
        """Note that an account wants in, and say so once an hour."""
        self._forget_old(now)
        known = self._knocks.get(account)
        if known is None and len(self._knocks) >= MOST:
            self.unlisted += 1
            return []
        is_told = known is not None and now - known.noted < _NOTED_EVERY
        if known is None:
            known = Knock(account, now, now, 0, now)
        noted = known.noted if is_told else now
        self._knocks[account] = replace(known, last=now, times=known.times + 1, noted=noted)
        if is_told:
            return []
        return [Note("warning", "an unknown account waits for admission", (("account", account),))]

    def let_in(self, account: str) -> None:
        """Take an account off the list: it is admitted."""
        self._knocks.pop(account, None)

    def waiting(self, now: datetime) -> tuple[Knock, ...]:
        """Return who waits, the last to come first."""
        self._forget_old(now)
        return tuple(sorted(self._knocks.values(), key=lambda k: (k.last, k.account), reverse=True))

    def of(self, account: str) -> Knock | None:
        """Return what is known of one account that waits."""
        return self._knocks.get(account)

    def _forget_old(self, now: datetime) -> None:
        old = [a for a, k in self._knocks.items() if now - k.last >= FORGOTTEN_AFTER]
        for account in old:
            del self._knocks[account]
        if not self._knocks:
            self.unlisted = 0
