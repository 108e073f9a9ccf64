import pytest
import typer
from typer.testing import CliRunner

from xmpp_cem.cli.failures import Commands, DeniedError, accepted, judged
from xmpp_cem.errors import (
    AuthenticationError,
    ConfigError,
    ConnectError,
    RefusedError,
    RemoteProtocolError,
    RequestTimeoutError,
    StoreError,
    StreamLostError,
    XmppCemError,
)
from xmpp_cem.messages.envelope import Header, Noun, ReplyError, ResponseMessage, Result, Verb

ID = "0b0f9a0e-6a8c-4c52-8b1a-0d6d4c3c9a11"


def program(error: Exception) -> typer.Typer:
    app = typer.Typer(cls=Commands)

    @app.command()
    def fail() -> None:
        raise error

    @app.command()
    def other() -> None:
        pass

    return app


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (ConnectError("x"), 3),
        (AuthenticationError("x"), 4),
        (RequestTimeoutError("x"), 3),
        (StreamLostError("x"), 3),
        (RefusedError("service-unavailable"), 3),
        (RefusedError("remote-server-not-found"), 3),
        (RefusedError("forbidden", "auth"), 4),
        (DeniedError("x"), 4),
        (StoreError("x"), 1),
        (RemoteProtocolError("1.8", "x"), 1),
    ],
)
def test_every_error_has_an_exit_code_and_one_sentence(error: XmppCemError, code: int):
    result = CliRunner().invoke(program(error), ["fail"])
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr == f"{judged(error)[1]}\n"
    assert "Traceback" not in result.output


def test_braces_in_a_reason_do_no_harm():
    assert judged(ConnectError("{0} {x}"))[1] == "{0} {x}"


def test_an_error_out_of_a_task_group_is_told_alike():
    group = ExceptionGroup("g", [ExceptionGroup("h", [StoreError("in use; stop the other")])])
    result = CliRunner().invoke(program(group), ["fail"])
    assert (result.exit_code, result.stderr) == (1, "in use; stop the other\n")


def test_a_bug_is_not_hidden():
    group = ExceptionGroup("g", [StoreError("x"), ZeroDivisionError()])
    result = CliRunner().invoke(program(group), ["fail"])
    assert result.exception is group


def reply(result: Result, *errors: ReplyError) -> ResponseMessage:
    header = Header(
        verb=Verb.REPLY,
        noun=Noun.NODES,
        message_id=ID,
        timestamp="2026-01-31T12:00:00Z",
        source="grid",
    )
    return ResponseMessage(header=header, result=result, errors=errors)


@pytest.mark.parametrize("result", [Result.OK, Result.PARTIAL])
def test_an_answer_that_is_not_failed_is_accepted(result: Result):
    assert accepted(reply(result)).result is result


def test_a_refusal_tells_code_and_reason():
    error = ReplyError(code="2.15", reason="there is no event")
    with pytest.raises(DeniedError, match=r"the VTN refuses: there is no event \(code 2.15\)"):
        accepted(reply(Result.FAILED, error))
    with pytest.raises(DeniedError, match="it gives no reason"):
        accepted(reply(Result.FAILED))
