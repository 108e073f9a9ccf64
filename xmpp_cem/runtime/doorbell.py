"""Passes on few knocks of accounts that are not admitted, however many come."""

from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=1)
_MOST = 20


class Doorbell:
    """Lets each account be heard once a minute, and at most twenty of them."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._heard: set[str] = set()

    def rings(self, account: str, now: datetime) -> bool:
        """Whether a knock is passed on."""
        if self._since is None or now - self._since >= _WINDOW:
            self._since = now
            self._heard.clear()
        if account in self._heard or len(self._heard) >= _MOST:
            return False
        self._heard.add(account)
        return True
