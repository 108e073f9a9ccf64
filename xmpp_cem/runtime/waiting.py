"""Bounds the requests that wait for our answer, by account and in all."""

from collections import Counter
from datetime import datetime, timedelta

from xmpp_cem.messages.envelope import ReplyError

MOST_OF_ONE = 50
"""So many requests of one account may wait; it gets 3.2 for more."""

MOST = 500
"""So many may wait in all; more get 5.1."""

LONGEST = timedelta(seconds=30)
"""What has not been answered by then gets 4.1 (IEC 61968-9)."""


class WaitingRequests:
    """The requests of one connection that are not yet answered."""

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, datetime]] = {}
        self._by_account: Counter[str] = Counter()

    def take(self, token: str, account: str, now: datetime) -> ReplyError | None:
        """Note a request; returns why it must be refused instead, when we have too many."""
        if self._by_account[account] >= MOST_OF_ONE:
            return ReplyError(code="3.2", reason=f"{MOST_OF_ONE} requests of yours wait already")
        if len(self._waiting) >= MOST:
            return ReplyError(code="5.1", reason=f"{MOST} requests wait already")
        self._waiting[token] = (account, now)
        self._by_account[account] += 1
        return None

    def settle(self, token: str) -> None:
        """Note that a request is answered."""
        if token not in self._waiting:
            return
        account, _ = self._waiting.pop(token)
        self._by_account[account] -= 1
        if not self._by_account[account]:
            del self._by_account[account]

    def account_of(self, token: str) -> str:
        """Return who asked, empty when the request does not wait."""
        return self._waiting[token][0] if token in self._waiting else ""

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """Return the requests that have waited too long."""
        return tuple(token for token, (_, at) in self._waiting.items() if now - at >= LONGEST)

    def clear(self) -> None:
        """Forget all: their connection is gone."""
        self._waiting.clear()
        self._by_account.clear()
