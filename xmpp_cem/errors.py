"""Every exception of the project, in one tree.

XmppCemError
├── ConfigError              the operator's to fix; names file, field, reason and remedy
├── ProtocolError
│   ├── LocalProtocolError   we were asked to send what is forbidden: our bug
│   └── RemoteProtocolError  a peer's mistake, with its IEC 61968-9 code; never stops an agent
├── TransportError
│   ├── ConnectError         no connection; try again
│   ├── AuthenticationError  the server refuses our credentials; do not try again soon
│   ├── StreamLostError      the connection broke while we waited
│   ├── RequestTimeoutError  no answer in time; the outcome is unknown
│   └── RefusedError         the server or peer answered with a stanza error
├── AllocationError      a plug-in's division breaks its bounds; its author's to fix
├── DriverError              a device or its driver failed; its resource is out of service
├── AgentError               a part of the agent has ended that must not: our bug
├── StoreError               the store cannot be read or written
│   ├── StoreInUseError         another process has it
│   └── StoreUnavailableError   not now: nothing was written, the same may succeed later
└── ServerError              a private server of tests or demo did not start or died
"""


class XmppCemError(Exception):
    """Root of every error this project raises on purpose."""


class ConfigError(XmppCemError):
    """A configuration that cannot be used; the text names file, field, reason and remedy."""


class ProtocolError(XmppCemError):
    """A message that must not be sent or cannot be accepted."""


class LocalProtocolError(ProtocolError):
    """We were asked to send what the profile forbids."""


class RemoteProtocolError(ProtocolError):
    """A peer's message is refused.

    Args:
        code: reply code of IEC 61968-9, such as `2.9`.
        reason: a sentence that a person understands.
        message_id: MessageID of the refused message, if it could be read.
    """

    def __init__(self, code: str, reason: str, message_id: str | None = None) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
        self.message_id = message_id


class TransportError(XmppCemError):
    """Something between us and the peer failed."""


class ConnectError(TransportError):
    """No connection could be made; trying again is right."""


class AuthenticationError(TransportError):
    """The server refuses our credentials or its own are wrong; trying again soon is not right."""


class UntrustedServerError(AuthenticationError):
    """No encryption that can be trusted: until somebody renews the server's certificate."""


class ExpiredCertificateError(AuthenticationError):
    """Our own certificate has ended; trying again is right, as its file may be renewed any time."""


class StreamLostError(TransportError):
    """The connection broke before the answer came; the outcome is unknown."""


class RequestTimeoutError(TransportError):
    """No answer came in time; the outcome is unknown."""


class RefusedError(TransportError):
    """The server or the peer answered with a stanza error (RFC 6120, 8.3).

    Args:
        condition: defined condition, such as `item-not-found`.
        error_type: `auth`, `cancel`, `continue`, `modify` or `wait`.
        text: what the other side says about it.
        payload: XML of the application's own element inside the error, if any.
    """

    def __init__(
        self, condition: str, error_type: str = "cancel", text: str = "", payload: bytes = b""
    ) -> None:
        super().__init__(f"{condition} ({error_type}){': ' + text if text else ''}")
        self.condition = condition
        self.error_type = error_type
        self.text = text
        self.payload = payload

    @property
    def is_temporary(self) -> bool:
        """Whether the same request may succeed later (RFC 6120, 8.3.2)."""
        return self.error_type == "wait" or self.condition in {
            "service-unavailable",
            "recipient-unavailable",
            "remote-server-timeout",
            "resource-constraint",
            "internal-server-error",
        }


class AllocationError(XmppCemError):
    """An allocation asks for what a member cannot take, or for more than the target."""


class DriverError(XmppCemError):
    """A device or its driver failed; its resource is out of service until it answers again."""


class StoreError(XmppCemError):
    """The store cannot be opened, read or written; the text names it, what is wrong, a remedy."""


class StoreInUseError(StoreError):
    """Another process has the store, such as its agent."""


class StoreUnavailableError(StoreError):
    """The store cannot be used now, as with a full disk; the same call may succeed later."""


class AgentError(XmppCemError):
    """A part of an agent has ended that must never end, or the agent does not keep running."""


class ClockError(XmppCemError):
    """The clock was set back so far that waiting for it would stop the agent."""


class ServerError(XmppCemError):
    """A private server of tests or demo did not start, or died."""
