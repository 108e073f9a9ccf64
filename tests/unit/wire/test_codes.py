from xmpp_cem.wire.codes import Code, quoted, refusal


def test_every_code_stands_in_the_table():
    table = Code.__doc__ or ""
    assert all(f"| {code.value} |" in table for code in Code)


def test_a_quoted_text_is_short_and_printable():
    text = quoted("\x00é\n" * 1000)
    assert text.isprintable()
    assert text.isascii()
    assert len(text) < 300


def test_a_refusal_carries_its_code_as_plain_text():
    error = refusal(Code.VERB, "no")
    assert (error.code, error.reason, error.message_id) == ("2.9", "no", None)
    assert type(error.code) is str
